package io.murmuration.faults.check;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A step that was said to be committed stays committed: the next one goes on from it, unless the run says that it goes
<<<<<<< HEAD
 * back, or nobody is left who remembers it; and then it goes back no further than the newest checkpoint that was said to be
 * kept. Who takes over may tell of the last step once more.
=======
 * back, or begins again after everybody was gone; and then it goes back no further than the newest checkpoint of a keeper
 * that lives and whose disk is well. Memory: a number per keeper, and who is gone.
>>>>>>> stories
 */
public final class NothingLost extends Check {

    private long version = -1;
    private long highest = -1;
<<<<<<< HEAD
    private long kept = -1;
    private boolean checkpointsGone;
    private boolean forgotten;
    /** Somebody took over and may tell of the last step once more. */
    private boolean again;
=======
    /** A new coordinator does not know whether the last step that it finds committed was told. */
    private boolean mayTellAgain;

    private Roster roster = Roster.EMPTY;
    private final Set<Member> gone = new TreeSet<>();
    /** The newest version that each keeper has stored; without those whose disk was hit since. */
    private final Map<Member, Long> stored = new TreeMap<>();
    /** The same of nodes that are down; their next life has them again when it has said so. */
    private final Map<String, Long> onDisks = new TreeMap<>();
>>>>>>> stories

    public NothingLost() {
        super("nothing acknowledged is lost");
    }

    @Override
    public void delivered(long time, Envelope envelope) {
        Member from = envelope.from();
        switch (envelope.message()) {
            case CoordinatorMessage.Kept kept -> stored.merge(from, kept.version(), Math::max);
            case CoordinatorMessage.Promised promised -> {
                Long remembered = onDisks.remove(from.peer().name());
                if (remembered != null) {
                    stored.merge(from, remembered, Math::max);
                }
            }
            default -> {}
        }
    }

    @Override
    public void ended(long time, Member member) {
        gone.add(member);
        Long newest = stored.remove(member);
        if (newest != null) {
            onDisks.merge(member.peer().name(), newest, Math::max);
        }
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> {
<<<<<<< HEAD
                if (forgotten) {
                    forgotten = false;
                    back(time, started.version());
                } else if (version >= 0 && started.version() < version) {
                    violated(
                            time,
                            "goes on from version " + started.version() + " though version " + version
                                    + " was committed");
                }
                version = started.version();
=======
                if (started.version() < version) {
                    if (anybodyLeft()) {
                        violated(
                                time,
                                "goes on from version " + started.version() + " though version " + version
                                        + " was committed");
                    } else {
                        wentBack(time, started.version());
                    }
                }
                version = started.version();
                roster = started.roster();
>>>>>>> stories
            }
            case RunEvent.TookOver over -> again = true;
            case RunEvent.StepCommitted committed -> {
<<<<<<< HEAD
                boolean repeated = again && committed.step() == version - 1;
                again = false;
                if (version >= 0 && committed.step() != version && !repeated) {
=======
                boolean again = mayTellAgain && committed.step() == version - 1;
                mayTellAgain = false;
                if (version >= 0 && committed.step() != version && !again) {
>>>>>>> stories
                    violated(
                            time, "committed step " + committed.step() + " though version " + version + " is in place");
                }
                version = committed.step() + 1;
                highest = Math.max(highest, version);
                roster = committed.roster();
            }
<<<<<<< HEAD
            case RunEvent.RolledBack back -> back(time, back.to());
            case RunEvent.Kept checkpoint -> kept = Math.max(kept, checkpoint.version());
=======
            case RunEvent.TookOver took -> mayTellAgain = true;
            case RunEvent.RolledBack back -> {
                wentBack(time, back.to());
                version = back.to();
            }
>>>>>>> stories
            default -> {}
        }
    }

<<<<<<< HEAD
    private void back(long time, long to) {
        if (to < kept && !checkpointsGone) {
            violated(time, "went back to version " + to + " though a checkpoint of version " + kept + " was kept");
        }
        version = to;
    }

    @Override
    public void forgotten(long time) {
        forgotten = version >= 0;
    }

    /** A disk is broken, or who kept checkpoints is gone: the newest may be lost with it. */
    public void checkpointsGone() {
        checkpointsGone = true;
=======
    private boolean anybodyLeft() {
        return roster.stages().stream().anyMatch(shards -> shards.stream().anyMatch(member -> !gone.contains(member)));
    }

    private void wentBack(long time, long to) {
        stored.forEach((keeper, newest) -> {
            if (newest > to && newest <= version) {
                violated(
                        time,
                        "went back to version " + to + " though " + keeper + " has a checkpoint of version " + newest);
            }
        });
    }

    /** The disk of a node is broken: what is stored there need not be served any more. */
    public void diskHit(String node) {
        stored.keySet().removeIf(keeper -> keeper.peer().name().startsWith(node + ":"));
        onDisks.keySet().removeIf(keeper -> keeper.startsWith(node + ":"));
>>>>>>> stories
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
