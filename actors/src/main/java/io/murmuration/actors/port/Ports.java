package io.murmuration.actors.port;

import io.murmuration.actors.telemetry.Telemetry;

/**
 * The five seams, as one node sees them, and who watches. Time is the {@link Ticker} and the actor system's scheduler; chance
 * is seeded by {@code seed}.
 */
public record Ports(
        Compute compute,
        DataPlane data,
        ControlPlane control,
        Membership membership,
        Ticker ticker,
        long seed,
        Telemetry telemetry) {

    /** Unwatched. */
    public Ports(
            Compute compute, DataPlane data, ControlPlane control, Membership membership, Ticker ticker, long seed) {
        this(compute, data, control, membership, ticker, seed, Telemetry.OFF);
    }
}
