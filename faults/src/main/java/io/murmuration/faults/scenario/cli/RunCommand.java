package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.report.ReportFiles;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.scenario.Verdict;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code scenario run FILE}. */
@Command(
        name = "run",
        description = "Runs a scenario and judges it; exit code 0 passed, 1 failed, 2 unknown or wrong input.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class RunCommand implements Callable<Integer> {

    /** Runs of --shrink; a scenario of a dozen events takes about fifty. */
    private static final int MOST_TRIES = 200;

    /** Where the nodes of a scenario are. */
    enum Mode {
        /** In this process, in virtual time. */
        simulated,
        /** Processes of this machine, in time of the wall. */
        sockets
    }

    private final ScenarioRunner simulated;
    private final Optional<ScenarioRunner> sockets;
    private final Optional<ScenarioRunner> encrypted;
    private final Surroundings surroundings;

    @Mixin
    private ScenarioOptions options = new ScenarioOptions();

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the report (runs/scenario-NAME-SEED).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "simulated: nodes in this process and virtual time; sockets: processes on this machine with proxies"
                            + " between them, and real time (${COMPLETION-CANDIDATES}).")
    private Mode mode = Mode.simulated;

    @Option(
            names = "--tls",
            description = "With --mode sockets: everything between nodes is encrypted, with a certificate for each.")
    private boolean tls;

    @Option(names = "--shrink", description = "If it fails, finds fewer events with which it still does.")
    private boolean shrink;

    @Mixin
    private PoolOption pool = new PoolOption();

    RunCommand(
            ScenarioRunner simulated,
            Optional<ScenarioRunner> sockets,
            Optional<ScenarioRunner> encrypted,
            Surroundings surroundings) {
        this.simulated = simulated;
        this.sockets = sockets;
        this.encrypted = encrypted;
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        int threads = pool.threads();
        ScenarioRunner runner = mode == Mode.simulated
                ? simulated
                : (tls ? encrypted : sockets)
                        .orElseThrow(() -> new UserError("--mode sockets: there are no sockets here"));
        if (tls && mode == Mode.simulated) {
            throw new UserError("--tls wants sockets to encrypt: only --mode sockets has them");
        }
        if (shrink && mode == Mode.sockets) {
            throw new UserError("--shrink wants the same run again and again: only --mode simulated has it");
        }
        Scenario scenario = options.read(surroundings);
        Path folder = out.orElseGet(() -> ScenarioOptions.folder("scenario", scenario));
        ReportFiles.prepare(folder);
        long began = System.nanoTime();
        ScenarioReport report = runner.run(scenario, threads);
        double wall = (System.nanoTime() - began) / 1e9;
        PrintStream stream = surroundings.terminal().out();
        Outcome.print(stream, report);
        stream.flush();
        ReportFiles.write(report, folder);
        stream.println("report  " + folder.resolve(ReportFiles.HTML));
        report.simulated()
                .ifPresent(simulated -> stream.printf(
                        Locale.ROOT,
                        "speed   %.0f virtual seconds in %.1f s, %,d events; control messages in a step: %.1f a node, %.0f of"
                                + " coordinators%n",
                        report.about().seconds(),
                        wall,
                        simulated.events(),
                        simulated.controlPerNodeAndStep(),
                        simulated.controlOfCoordinatorsPerStep()));
        Verdict verdict = report.judgement().verdict();
        if (shrink && verdict == Verdict.FAILED) {
            shrink(stream, scenario, threads, Failings.of(report.judgement()));
        }
        stream.flush();
        return verdict.exitCode();
    }

    /** With fewer events something else may fail; only what failed at first is looked for. */
    private void shrink(PrintStream stream, Scenario scenario, int threads, Set<String> failings) {
        Shrinking shrinking = new Shrinking(MOST_TRIES);
        Scenario small = shrinking.shrink(
                scenario,
                each -> !Collections.disjoint(
                        failings, Failings.of(simulated.run(each, threads).judgement())));
        stream.println("it still fails with " + small.events().size() + " of "
                + scenario.events().size() + " events (" + shrinking.tries() + " runs), in one of "
                + String.join(", ", failings) + ":");
        for (ScenarioEvent event : small.events()) {
            stream.println("  " + event.place() + "  " + event.trigger().text() + ": " + event.text());
        }
    }
}
