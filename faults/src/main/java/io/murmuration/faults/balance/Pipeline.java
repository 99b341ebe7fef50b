package io.murmuration.faults.balance;

import io.murmuration.actors.rebalance.RebalanceSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What the nodes of a trace work in.
 *
 * @param stages stages of equal cost
 * @param rates the rates that nodes have, in whole units of work a second; each new node draws one of them
 * @param download how long a node takes the state of a stage, when it joins and when it moves. It computes nothing meanwhile
 * @param noise how far a measured rate is off, at most, as a share of the true one
 * @param placement where a joiner goes
 * @param rebalancing none if nobody ever moves
 */
public record Pipeline(
        int stages,
        List<Long> rates,
        Duration download,
        double noise,
        Placement placement,
        Optional<RebalanceSettings> rebalancing) {

    /** Where a joiner goes. */
    public enum Placement {
        /** To any stage. */
        RANDOM,
        /** Where the production coordinator's rule sends it: to the stage that needs it most. */
        NEEDED
    }

    /** Beyond this the sums of a long trace would no longer be exact in 64 bits. */
    private static final long HIGHEST_RATE = 1_000_000;

    public Pipeline {
        rates = List.copyOf(rates);
        if (stages < 1) {
            throw new IllegalArgumentException("stages: expected at least 1, got " + stages);
        }
        if (rates.isEmpty() || rates.stream().anyMatch(rate -> rate < 1 || rate > HIGHEST_RATE)) {
            throw new IllegalArgumentException(
                    "rates: expected whole numbers from 1 to " + HIGHEST_RATE + ", got " + rates);
        }
        if (download.isNegative()) {
            throw new IllegalArgumentException("download: expected at least 0, got " + download);
        }
        if (!(noise >= 0 && noise < 1)) {
            throw new IllegalArgumentException("noise: expected at least 0 and below 1, got " + noise);
        }
    }
}
