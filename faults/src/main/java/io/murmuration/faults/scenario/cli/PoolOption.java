package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.config.UserError;
import picocli.CommandLine.Option;

/** How wide the pool is that computes what is simulated. */
final class PoolOption {

    @Option(
            names = "--pool",
            paramLabel = "N",
            description = "Threads that compute what is simulated; changes nothing but the time it takes.")
    private int pool = Runtime.getRuntime().availableProcessors();

    /** @throws UserError if there is none */
    int threads() {
        if (pool < 1) {
            throw new UserError("--pool " + pool + ": expected at least 1");
        }
        return pool;
    }
}
