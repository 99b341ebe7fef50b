package io.murmuration.actors.port;

/**
 * The five seams, as one node sees them. Time is the {@link Ticker} and the actor system's scheduler; chance is seeded
 * by {@code seed}.
 */
public record Ports(
        Compute compute, DataPlane data, ControlPlane control, Membership membership, Ticker ticker, long seed) {}
