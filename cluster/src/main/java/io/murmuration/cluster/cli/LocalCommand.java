package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.LoadedSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.local.LocalCluster;
import io.murmuration.cluster.local.LocalScreen;
import io.murmuration.cluster.report.RunDirectory;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.RunInputs;
import io.murmuration.cluster.run.StopSignal;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code murmuration local}: a cluster of processes on this machine. */
@Command(
        name = "local",
        description = "Trains with a cluster of node processes on this machine, over real sockets on loopback.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Ctrl-C stops all nodes (exit code 130). None outlives this command, however it ends.",
            "Exit codes: 0 the run is over, 1 failed, 2 wrong input."
        })
final class LocalCommand implements Callable<Integer> {

    private static final Pattern HEAP = Pattern.compile("[1-9][0-9]{0,5}[mMgG]");

    private final Surroundings surroundings;

    @Option(names = "--nodes", required = true, paramLabel = "N", description = "Node processes.")
    private int nodes;

    @Mixin
    private SettingsOptions settings = new SettingsOptions();

    @Option(
            names = "--kill-every",
            paramLabel = "TIME",
            description = "Kills a random node (SIGKILL) each time this is over, as in 10s; the seed decides which.")
    private Optional<String> killEvery = Optional.empty();

    @Option(
            names = "--restart-after",
            paramLabel = "TIME",
            description = "How long a killed node stays dead (default: ${DEFAULT-VALUE}).")
    private String restartAfter = "5s";

    @Option(
            names = "--kill-any",
            description =
                    "Kills also whom the cluster cannot do without: the last of a stage, the quorum of coordinators.")
    private boolean killAny;

    @Option(
            names = "--faults",
            description = {
                "Puts a proxy between any two nodes, so that bin/murmuration inject can do things to nodes and links.",
                "Linux. The nodes then know no host names but their own and localhost."
            })
    private boolean faults;

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            description = "Heap of each node; tensors are outside of it (default: ${DEFAULT-VALUE}).")
    private String heap = "384m";

    @Option(names = "--json", description = "One JSON object per line on standard output.")
    private boolean json;

    LocalCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (!HEAP.matcher(heap).matches()) {
            throw new UserError("--heap " + heap + ": expected a size such as 512m");
        }
        LocalCluster.Options options = new LocalCluster.Options(
                nodes,
                killEvery.map(time -> Times.positive("--kill-every", time)),
                Times.positive("--restart-after", restartAfter),
                killAny,
                faults,
                heap,
                Main.class.getName(),
                settings.config(),
                settings.assignments());
        SettingsLoader loader = settings.applyTo(surroundings.settings(settings.config()));
        LoadedSettings loaded = loader.load();
        RunInputs.requireExactBoundary(loaded.settings());
        RunInputs.requireFixedSubspace(loaded.settings());
        LocalDateTime now = LocalDateTime.ofInstant(surroundings.clock().instant(), ZoneId.systemDefault());
        try (RunDirectory directory = RunDirectory.stamped(loaded.settings().out(), "local", now)) {
            directory.writeSettings(loaded.rendered());
            return run(options, loader, directory.root());
        }
    }

    private int run(LocalCluster.Options options, SettingsLoader loader, Path folder) {
        Terminal terminal = surroundings.terminal();
        LocalScreen screen = LocalScreen.of(terminal, json);
        StopSignal stop = new StopSignal();
        try (Interrupts interrupts = Interrupts.listen(
                        stop,
                        line -> screen.tell("notice", line),
                        "stopping all nodes; once more to stop at once",
                        "stopped at once; the nodes end by themselves");
                LocalCluster cluster = LocalCluster.start(options, loader, folder, screen)) {
            LocalCluster.Result result = cluster.run(stop);
            return switch (result.end()) {
                case FINISHED -> {
                    screen.tell("finished", result.message());
                    yield ExitCode.OK;
                }
                case STOPPED -> {
                    screen.tell("stopped", result.message());
                    yield interrupts.exitCode().orElse(ExitCode.FAILED);
                }
                case FAILED -> {
                    terminal.err().println("murmuration: " + result.message());
                    terminal.err().flush();
                    yield ExitCode.FAILED;
                }
            };
        }
    }
}
