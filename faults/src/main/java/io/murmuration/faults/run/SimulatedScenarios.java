package io.murmuration.faults.run;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.cli.ScenarioRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Runs scenarios in virtual time; their nodes' disks are a temporary folder that goes with the run. */
public final class SimulatedScenarios implements ScenarioRunner {

    @Override
    public ScenarioReport run(Scenario scenario, int pool) {
        try {
            Path disks = Files.createTempDirectory("murmuration-scenario-");
            try {
                return ScenarioRun.simulated(scenario, disks, pool, List.of()).report();
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
