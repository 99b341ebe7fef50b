package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Scenario;

/** Runs a scenario, and its control where a bound needs one. */
@FunctionalInterface
public interface ScenarioRunner {

    /**
     * Runs to the end and judges. The same scenario gives the same report, whatever the pool.
     *
     * @param pool threads that compute, at least 1
     */
    ScenarioReport run(Scenario scenario, int pool);
}
