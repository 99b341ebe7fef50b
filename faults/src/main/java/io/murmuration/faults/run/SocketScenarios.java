package io.murmuration.faults.run;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.cli.ScenarioRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs scenarios in processes of this machine, in time of the wall, with real sockets between them. What was written is deleted
 * if the run passes, else kept for whoever wants to know why, and said where. Two runs of one scenario differ as two runs of
 * anything on a machine do.
 */
public final class SocketScenarios implements ScenarioRunner {

    private final boolean tls;

    public SocketScenarios() {
        this(false);
    }

    private SocketScenarios(boolean tls) {
        this.tls = tls;
    }

    /** With TLS on both planes, and a certificate of one authority for the name of each node. */
    public static SocketScenarios encrypted() {
        return new SocketScenarios(true);
    }

    /** @throws io.murmuration.cluster.config.UserError if the scenario wants what processes cannot be made to do */
    @Override
    public ScenarioReport run(Scenario scenario, int pool) {
        SocketLimits.check(scenario);
        try {
            Path folder = Files.createTempDirectory("murmuration-sockets-");
            ScenarioReport report =
                    ScenarioRun.overSockets(scenario, folder, tls).report();
            if (report.judgement().verdict() == Verdict.PASSED) {
                delete(folder);
                return report;
            }
            return report.noted("what the nodes wrote is kept in " + folder);
        } catch (IOException e) {
            throw new UncheckedIOException("the folder of the nodes", e);
        }
    }

    static void delete(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.walk(folder)) {
            files = all.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : files) {
            Files.delete(file);
        }
    }
}
