package io.murmuration.cluster.run;

import java.nio.file.Path;

/**
 * Hears what happens in a run. Calls come one at a time, in the order of the events, and should return quickly: the run
 * waits for them. A listener does not throw; what it cannot write it reports itself.
 */
public interface RunListener {

    /** Something worth knowing besides the figures, in one line; may come before the start. */
    default void noticed(String line) {}

    /** Everything is in place; the first step comes next. */
    default void started(RunInfo info) {}

    /** A step was committed by every stage. */
    default void stepped(StepReport report) {}

    /** The model was looked at on validation text. */
    default void validated(ValidationReport report) {}

    /** A whole checkpoint is on disk. */
    default void checkpointed(long step, Path dir) {}

    /** A checkpoint could not be made; the run goes on and earlier ones stay. */
    default void checkpointFailed(long step, String why) {}

    /** A shard is gone; {@code what} names it and says why. */
    default void shardLost(String what) {}

    /** A shard is back as a new incarnation. */
    default void shardRestarted(String what) {}
}
