package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.Roster;

/**
 * How far the run is, as its coordinator tells everybody now and then.
 *
 * @param phase what goes on, in words
 * @param version newest one that is in place everywhere
 * @param lastVersion at which the run is finished
 * @param loss of the last step, nats per token; NaN if unknown
 * @param tokensPerSecond of the last step
 * @param liveShards that take part
 * @param roster who takes part in which stage, and under which epoch; empty while it is not known
 */
public record RunStatus(
        String phase,
        long version,
        long lastVersion,
        double loss,
        double tokensPerSecond,
        int liveShards,
        Roster roster) {

    /** Before anything is known. */
    public static final RunStatus UNKNOWN = new RunStatus("not known yet", 0, 0, Double.NaN, 0, 0, Roster.EMPTY);
}
