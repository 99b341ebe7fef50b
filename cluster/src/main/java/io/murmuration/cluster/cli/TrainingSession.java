package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.LoadedSettings;
import io.murmuration.cluster.report.CombinedListener;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.report.RunDirectory;
import io.murmuration.cluster.report.RunFiles;
import io.murmuration.cluster.report.RunLog;
import io.murmuration.cluster.report.Summary;
import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunListener;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.run.TrainingRuns;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One run with its folder, its log, its display and its signals around it, each opened and closed in order. */
final class TrainingSession {

    private static final Logger LOG = LoggerFactory.getLogger(TrainingSession.class);

    /**
     * @param directory where everything is
     * @param exitCode 0, what the signal that stopped it asks for, or 1 if there is no checkpoint
     */
    record Outcome(RunResult result, Path directory, int exitCode) {}

    private final TrainingRuns runs;
    private final InstantSource clock;
    private final Progress progress;

    TrainingSession(TrainingRuns runs, InstantSource clock, Progress progress) {
        this.runs = runs;
        this.clock = clock;
        this.progress = progress;
    }

    /** Notes whether anything was trained: before that, a failure leaves no trace. */
    private static final class Started implements RunListener {
        private boolean yes;

        @Override
        public void started(RunInfo info) {
            yes = true;
        }
    }

    Outcome run(LoadedSettings loaded, RunDirectory directory, Optional<Path> resumeFrom) {
        Started started = new Started();
        try {
            Outcome outcome = logged(loaded, directory, resumeFrom, started);
            directory.close();
            return outcome;
        } catch (RuntimeException | Error e) {
            if (started.yes) {
                directory.close();
                progress.notice("the run stays in " + directory.root() + "; from its newest checkpoint it goes on with "
                        + Summary.resume(directory.root()));
            } else {
                directory.discard();
            }
            throw e;
        }
    }

    @SuppressWarnings("try") // the log is there to be written to by everyone, and closed
    private Outcome logged(LoadedSettings loaded, RunDirectory directory, Optional<Path> resumeFrom, Started started) {
        try (RunLog log =
                RunLog.bounded(directory.log(), loaded.settings().limits().logSize())) {
            try {
                return watched(loaded, directory, resumeFrom, started);
            } catch (RuntimeException | Error e) {
                // The terminal gets one line of this, the file the whole story.
                LOG.warn("the run ended", e);
                throw e;
            }
        }
    }

    private Outcome watched(LoadedSettings loaded, RunDirectory directory, Optional<Path> resumeFrom, Started started) {
        StopSignal stop = new StopSignal();
        String name = loaded.settings().name();
        try (RunFiles files = new RunFiles(directory, name, clock, progress::notice);
                Progress shown = progress;
                Interrupts interrupts = Interrupts.listen(stop, progress::notice)) {
            RunListener settingsWriter = new RunListener() {
                @Override
                public void started(RunInfo info) {
                    directory.writeSettings(loaded.rendered());
                }
            };
            RunListener listener = new CombinedListener(List.of(settingsWriter, started, files, shown));
            RunResult result = runs.run(loaded.settings(), directory.root(), resumeFrom, listener, stop);
            files.finished(result);
            return new Outcome(result, directory.root(), exitCode(result, interrupts));
        }
    }

    /** A run that leaves no checkpoint behind has failed, however far it came. */
    private static int exitCode(RunResult result, Interrupts interrupts) {
        if (result.checkpoint().isEmpty()) {
            return ExitCode.FAILED;
        }
        return result.stoppedEarly() ? interrupts.exitCode().orElse(ExitCode.OK) : ExitCode.OK;
    }
}
