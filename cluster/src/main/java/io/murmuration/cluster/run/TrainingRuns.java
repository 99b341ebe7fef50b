package io.murmuration.cluster.run;

import io.murmuration.cluster.config.RunSettings;
import java.nio.file.Path;
import java.util.Optional;

/** Makes training runs: the door from the command line to the actors. */
public interface TrainingRuns {

    /**
     * Trains until the last step, or until {@code stop} is requested: then it ends at the next step boundary and writes a
     * checkpoint as at the end.
     *
     * @param settings what to train, checked
     * @param outDir an existing, writable run directory; checkpoints go to {@code outDir/checkpoints}
     * @param resumeFrom a run directory whose newest whole checkpoint is the start; may be {@code outDir}
     * @param listener hears of every step
     * @param stop asked between steps
     * @throws io.murmuration.cluster.config.UserError if the data or the checkpoint cannot be used; nothing was written
     * @throws RunFailed if the run cannot go on
     */
    RunResult run(RunSettings settings, Path outDir, Optional<Path> resumeFrom, RunListener listener, StopSignal stop);
}
