package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.report.ScenarioReport;
import java.nio.file.Path;
import java.util.Optional;

/** Draws a random scenario within stated limits and runs it. */
@FunctionalInterface
public interface Explorer {

    /**
     * The scenario of that seed; its report says how to run it again.
     *
     * @param steps length of the run; empty: as drawn
     * @param pool threads that compute, at least 1
     * @param folder gets the file of the scenario, which stays there unless it passes
     */
    ScenarioReport explore(long seed, Optional<Long> steps, int pool, Path folder);
}
