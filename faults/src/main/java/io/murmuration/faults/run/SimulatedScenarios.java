package io.murmuration.faults.run;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.cli.ScenarioRunner;
import io.murmuration.faults.simulation.SimulationException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs scenarios in virtual time; their nodes' disks are a temporary folder that goes with the run. One that ends in an
 * exception has failed like any other: a node that fails without supervision is a finding.
 */
public final class SimulatedScenarios implements ScenarioRunner {

    /** One run of a scenario, and of its control. */
    @FunctionalInterface
    interface Run {
        ScenarioReport of(Scenario scenario, Path disks, int pool);
    }

    private final Run run;

    public SimulatedScenarios() {
        this((scenario, disks, pool) ->
                ScenarioRun.simulated(scenario, disks, pool, List.of()).report());
    }

    SimulatedScenarios(Run run) {
        this.run = run;
    }

    @Override
    public ScenarioReport run(Scenario scenario, int pool) {
        try {
            Path disks = Files.createTempDirectory("murmuration-scenario-");
            try {
                return run.of(scenario, disks, pool);
            } catch (SimulationException e) {
                return Broken.report(scenario, e);
            } finally {
                delete(disks);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the disks of the simulated nodes", e);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
