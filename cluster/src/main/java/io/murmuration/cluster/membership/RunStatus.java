package io.murmuration.cluster.membership;

/**
 * How far the run is, as its coordinator tells everybody now and then.
 *
 * @param phase what goes on, in words
 * @param version newest one that is in place everywhere
 * @param lastVersion at which the run is finished
 * @param loss of the last step, nats per token; NaN if unknown
 * @param tokensPerSecond of the last step
 * @param liveShards that take part
 */
public record RunStatus(
        String phase, long version, long lastVersion, double loss, double tokensPerSecond, int liveShards) {

    /** Before anything is known. */
    public static final RunStatus UNKNOWN = new RunStatus("not known yet", 0, 0, Double.NaN, 0, 0);
}
