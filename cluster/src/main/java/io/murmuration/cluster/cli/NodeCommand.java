package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.node.NodeRunner;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.StopSignal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code murmuration node}: one process of a cluster. */
@Command(
        name = "node",
        description = "Takes part in a run as one node of a cluster, until the run is over.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Ctrl-C or SIGTERM: the node hands over what it holds and leaves (exit code 0); twice stops at once.",
            "Exit codes: 0 the run is over or the node left, 1 failed, 2 wrong input or turned away, 3 no memory left, 4 removed"
                    + " by the others and not to come back (node.rejoin)."
        })
final class NodeCommand implements Callable<Integer> {

    /** What a node may take to leave the cluster and close, once its peers have handed over. */
    private static final Duration CLOSING = Duration.ofSeconds(10);

    private final Surroundings surroundings;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings (HOCON) instead of config/application.conf.")
    private Optional<Path> config = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "One setting, as in node.name=eu-3; may be repeated, wins over everything else.")
    private List<String> assignments = new ArrayList<>();

    @Option(names = "--print-config", description = "Shows every setting as it would be used, and ends.")
    private boolean printConfig;

    @Option(
            names = "--end-with-input",
            description = "Leaves when standard input ends, as it does when whoever started this node is gone.")
    private boolean endWithInput;

    NodeCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        SettingsLoader loader = surroundings.settings(config);
        for (String assignment : assignments) {
            loader = loader.set(assignment, "--set");
        }
        LoadedNode loaded = loader.loadNode();
        Terminal terminal = surroundings.terminal();
        if (printConfig) {
            terminal.out().print(loaded.rendered());
            terminal.out().flush();
            return ExitCode.OK;
        }
        return run(loaded, terminal);
    }

    @SuppressWarnings(
            "try") // the signals are listened to, and not looked at: who was asked to go and went has done well
    private int run(LoadedNode loaded, Terminal terminal) {
        StopSignal stop = new StopSignal();
        if (endWithInput) {
            InputWatch.start(System.in, stop, loaded.run().limits().leaveWait().plus(CLOSING));
        }
        NodeRunner.Result result;
        try (Progress progress = Progress.of(terminal, false);
                Interrupts interrupts = Interrupts.listen(
                        stop,
                        progress::notice,
                        "leaving: what this node holds is handed over first; once more to stop at once",
                        "stopped at once, as in a crash")) {
            result = NodeRunner.run(loaded, surroundings.clock(), progress, terminal.out()::println, stop);
        }
        terminal.out().flush();
        return switch (result.end()) {
            case DONE -> {
                terminal.out().println(result.message());
                terminal.out().flush();
                yield ExitCode.OK;
            }
            case FAILED -> {
                complain(terminal, result);
                yield ExitCode.FAILED;
            }
            case REMOVED -> {
                complain(terminal, result);
                yield ExitCode.REMOVED;
            }
        };
    }

    private static void complain(Terminal terminal, NodeRunner.Result result) {
        terminal.err().println("murmuration: " + result.message());
        terminal.err().flush();
    }
}
