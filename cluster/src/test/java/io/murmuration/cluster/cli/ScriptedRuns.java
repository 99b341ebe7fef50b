package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.run.TrainingRuns;
import io.murmuration.cluster.run.ValidationReport;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Says what a run would say, step by step, and trains nothing: loss is 1 / step. */
final class ScriptedRuns implements TrainingRuns {

    /** What happens in a step, before it is reported. */
    interface Step {
        void at(long step, StopSignal stop);
    }

    final Step script;
    Optional<RunSettings> settings = Optional.empty();
    Optional<Path> resumedFrom = Optional.empty();
    long firstStep = 1;

    ScriptedRuns(Step script) {
        this.script = script;
    }

    @Override
    public RunResult run(
            RunSettings told, Path outDir, Optional<Path> resumeFrom, RunListener listener, StopSignal stop) {
        settings = Optional.of(told);
        resumedFrom = resumeFrom;
        script.at(firstStep - 1, stop);
        listener.started(
                new RunInfo(firstStep, told.steps(), 1_234_567, told.swarm().shards(), "script", "nothing", 1));
        long step = firstStep - 1;
        while (step < told.steps() && !stop.requested()) {
            step++;
            script.at(step, stop);
            listener.stepped(new StepReport(
                    step, 1.0 / step, 0.5, 1e-3, 17_900, step * 2048, step * 1000, step * 3900, 6, step * 8));
        }
        listener.validated(new ValidationReport(step, 2.25, told.validation().windows(), 1));
        Path checkpoint = outDir.resolve("checkpoints").resolve("step-" + step);
        try {
            Files.createDirectories(checkpoint);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        listener.checkpointed(step, checkpoint);
        return new RunResult(
                step,
                1.0 / step,
                2.25,
                1,
                17_900,
                step * 1000,
                step * 8,
                new TreeMap<>(Map.of(0, "aa", 1, "bb", 2, "cc")),
                step < told.steps(),
                Optional.of(checkpoint),
                new TreeMap<>(Map.of(0L, step * 24)));
    }
}
