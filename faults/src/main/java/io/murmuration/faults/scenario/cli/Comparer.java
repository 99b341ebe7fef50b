package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.report.Compared;
import io.murmuration.faults.scenario.Scenario;

/** Runs a scenario simulated and over sockets. */
@FunctionalInterface
public interface Comparer {

    /**
     * Runs it both ways, and without events, and says how far apart they are.
     *
     * @param pool threads that compute what is simulated
     * @throws io.murmuration.cluster.config.UserError if the scenario wants what processes cannot be made to do
     */
    Compared compare(Scenario scenario, int pool);
}
