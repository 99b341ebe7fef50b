package io.murmuration.cluster.membership;

/**
 * How a run ended, as its coordinator tells everybody.
 *
 * @param version the last one
 * @param stopped before the last planned version, on request
 * @param loss of the last step, nats per token; NaN if unknown
 * @param digest over the digests of all stages, by which results are compared
 */
public record RunEnding(long version, boolean stopped, double loss, String digest) {}
