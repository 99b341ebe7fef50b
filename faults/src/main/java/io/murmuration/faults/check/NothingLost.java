package io.murmuration.faults.check;

import io.murmuration.actors.run.RunEvent;

/**
 * A step that was said to be committed stays committed: the next one goes on from it, unless the run says that it goes
 * back; and then it goes back no further than the newest checkpoint that was said to be kept.
 */
public final class NothingLost extends Check {

    private long version = -1;
    private long highest = -1;
    private long kept = -1;
    private boolean checkpointsGone;

    public NothingLost() {
        super("nothing acknowledged is lost");
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> {
                if (version >= 0 && started.version() < version) {
                    violated(
                            time,
                            "goes on from version " + started.version() + " though version " + version
                                    + " was committed");
                }
                version = Math.max(version, started.version());
            }
            case RunEvent.StepCommitted committed -> {
                if (version >= 0 && committed.step() != version) {
                    violated(
                            time, "committed step " + committed.step() + " though version " + version + " is in place");
                }
                version = committed.step() + 1;
                highest = Math.max(highest, version);
            }
            case RunEvent.RolledBack back -> {
                if (back.to() < kept && !checkpointsGone) {
                    violated(
                            time,
                            "went back to version " + back.to() + " though a checkpoint of version " + kept
                                    + " was kept");
                }
                version = back.to();
            }
            case RunEvent.Kept checkpoint -> kept = Math.max(kept, checkpoint.version());
            default -> {}
        }
    }

    /** A disk is broken, or who kept checkpoints is gone: the newest may be lost with it. */
    public void checkpointsGone() {
        checkpointsGone = true;
    }

    /** The highest version ever committed. */
    public long highest() {
        return highest;
    }

    /** The version that is in place. */
    public long version() {
        return version;
    }
}
