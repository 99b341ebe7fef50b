package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Scenario;

/** Runs a scenario, and its control where a bound needs one. */
@FunctionalInterface
public interface ScenarioRunner {

    /**
     * Runs to the end and judges. A simulated scenario gives the same report each time, whatever the pool.
     *
     * @param pool threads that compute, at least 1; over sockets each node has one of its own
     */
    ScenarioReport run(Scenario scenario, int pool);
}
