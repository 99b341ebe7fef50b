package io.murmuration.faults.check;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.util.Set;
import java.util.TreeSet;

/**
 * A step that was said to be committed stays committed: the next one goes on from it, unless the run says that it goes
 * back, or nobody lives who held it; and then it goes back no further than the newest checkpoint that was said to be
 * kept. Who takes over may tell of the last step once more.
 */
public final class NothingLost extends Check {

    private long version = -1;
    private long highest = -1;
    private long kept = -1;
    private boolean checkpointsGone;
    /** Shards that held the newest version when it was told, and live. */
    private final Set<Member> holders = new TreeSet<>();

    private final Set<Member> gone = new TreeSet<>();
    /** Somebody took over and may tell of the last step once more. */
    private boolean again;

    public NothingLost() {
        super("nothing acknowledged is lost");
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> {
                if (holders.isEmpty()) {
                    back(time, started.version());
                } else if (version >= 0 && started.version() < version) {
                    violated(
                            time,
                            "goes on from version " + started.version() + " though version " + version
                                    + " was committed");
                }
                version = started.version();
                holders(started.roster());
            }
            case RunEvent.TookOver over -> again = true;
            case RunEvent.StepCommitted committed -> {
                boolean repeated = again && committed.step() == version - 1;
                again = false;
                if (version >= 0 && committed.step() != version && !repeated) {
                    violated(
                            time, "committed step " + committed.step() + " though version " + version + " is in place");
                }
                version = committed.step() + 1;
                highest = Math.max(highest, version);
                holders(committed.roster());
            }
            case RunEvent.RolledBack back -> back(time, back.to());
            case RunEvent.Kept checkpoint -> kept = Math.max(kept, checkpoint.version());
            default -> {}
        }
    }

    private void back(long time, long to) {
        if (to < kept && !checkpointsGone) {
            violated(time, "went back to version " + to + " though a checkpoint of version " + kept + " was kept");
        }
        version = to;
    }

    private void holders(Roster roster) {
        holders.clear();
        roster.stages().forEach(holders::addAll);
        holders.removeAll(gone);
    }

    @Override
    public void ended(long time, Member member) {
        gone.add(member);
        holders.remove(member);
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
