package io.murmuration.cluster.cli;

import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.cluster.config.LoadedSettings;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.report.RunDirectory;
import io.murmuration.cluster.report.Summary;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.MemoryLimit;
import io.murmuration.cluster.run.RunInputs;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.TextGenerator;
import io.murmuration.cluster.run.TextModel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code murmuration train}: everything is checked, then one run is made and shown. */
@Command(
        name = "train",
        description = "Trains a language model with a swarm of actors in this process.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "Ctrl-C stops after the step, writes a checkpoint and says how to go on (exit code 130); twice stops at once."
        })
final class TrainCommand implements Callable<Integer> {

    private final Parts parts;
    private final Surroundings surroundings;

    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(names = "--out", paramLabel = "DIR", description = "Run directory, new or empty, instead of OUT/NAME-TIME.")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--resume",
            paramLabel = "DIR",
            description = "Run directory to go on with from its newest checkpoint, with its own settings.")
    private Optional<Path> resume = Optional.empty();

    @Option(
            names = "--dry-run",
            description = "Says what the run would take in memory and whether that is there (else exit code 2).")
    private boolean dryRun;

    @Option(names = "--json", description = "One JSON object per step and a last one on standard output.")
    private boolean json;

    TrainCommand(Parts parts, Surroundings surroundings) {
        this.parts = parts;
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        LoadedSettings loaded = settings();
        loaded.settings().data().path().ifPresent(TrainCommand::requireReadable);
        loaded.settings().data().validation().ifPresent(TrainCommand::requireReadable);
        Terminal terminal = surroundings.terminal();
        if (dryRun) {
            return dryRun(loaded.settings(), terminal);
        }
        Progress progress = Progress.of(terminal, json);
        TrainingSession session = new TrainingSession(parts.runs(), surroundings.clock(), progress);
        TrainingSession.Outcome outcome = session.run(loaded, directory(loaded.settings()), resume);
        progress.finished(outcome.result());
        if (!json) {
            Optional<String> sample = outcome.result().stoppedEarly()
                    ? Optional.empty()
                    : sample(outcome.result(), loaded.settings(), progress);
            Summary.print(terminal.out(), outcome.result(), outcome.directory(), sample);
        }
        return outcome.exitCode();
    }

    private static int dryRun(RunSettings settings, Terminal terminal) {
        MemoryPlan plan = MemoryPlan.of(settings);
        MemoryLimit limit = MemoryLimit.of(settings);
        plan.lines().forEach(terminal.out()::println);
        Runtime heap = Runtime.getRuntime();
        terminal.out()
                .println("heap: up to " + MemoryPlan.size(heap.maxMemory()) + " on top, of which it has "
                        + MemoryPlan.size(heap.totalMemory()));
        terminal.out().println("available: " + MemoryPlan.size(limit.bytes()) + " (" + limit.from() + ")");
        terminal.out().flush();
        limit.require(plan);
        RunInputs.requireExactBoundary(settings);
        return ExitCode.OK;
    }

    private LoadedSettings settings() {
        if (resume.isEmpty()) {
            return options.applyTo(surroundings.settings(options.config())).load();
        }
        if (options.config().isPresent()) {
            throw new UserError("--resume goes on with the settings of that run: leave --config out, use --set");
        }
        SettingsLoader before = surroundings.settings(Optional.of(RunDirectory.settingsOf(resume.get())));
        LoadedSettings now = options.applyTo(before).load();
        requireSameRun(before.load().settings(), now.settings());
        return now;
    }

    /** Weights and sample order must be those of the run that goes on; everything else may change. */
    private static void requireSameRun(RunSettings before, RunSettings now) {
        requireSame("model", before.model(), now.model());
        requireSame(
                "data.tokeniser",
                before.data().tokeniser().name(),
                now.data().tokeniser().name());
        requireSame("seed", before.seed(), now.seed());
        requireSame("batch", before.batch(), now.batch());
    }

    private static void requireSame(String key, Object before, Object now) {
        if (!Objects.equals(before, now)) {
            throw new UserError(
                    key + " cannot change when a run is resumed: it was " + before + ", now it would be " + now);
        }
    }

    private static void requireReadable(Path data) {
        if (!Files.exists(data)) {
            throw new UserError("cannot read the data (murmuration.data): there is no " + data);
        }
        if (!Files.isReadable(data)) {
            throw new UserError("cannot read the data (murmuration.data): no permission for " + data);
        }
    }

    private RunDirectory directory(RunSettings settings) {
        boolean sameFolder = out.isEmpty()
                || resume.isPresent()
                        && out.get()
                                .toAbsolutePath()
                                .normalize()
                                .equals(resume.get().toAbsolutePath().normalize());
        if (resume.isPresent() && sameFolder) {
            return RunDirectory.existing(resume.get());
        }
        return out.map(RunDirectory::named)
                .orElseGet(() -> RunDirectory.stamped(
                        settings.out(),
                        settings.name(),
                        LocalDateTime.ofInstant(surroundings.clock().instant(), ZoneId.systemDefault())));
    }

    /** What the trained model writes; that it cannot is no reason to call the run failed. */
    private Optional<String> sample(RunResult result, RunSettings settings, Progress progress) {
        RunSettings.Sample sample = settings.sample();
        boolean text = settings.data().tokeniser().readsText();
        if (result.checkpoint().isEmpty() || sample.bytes() == 0 || !text) {
            return Optional.empty();
        }
        try (TextModel model = parts.models().open(result.checkpoint().get())) {
            TextGenerator generator = new TextGenerator(model, sample.temperature(), settings.seed());
            return Optional.of(sample.prompt() + generator.text(sample.prompt(), sample.bytes()));
        } catch (UserError e) {
            progress.notice("no sample: " + e.getMessage());
            return Optional.empty();
        }
    }
}
