package io.murmuration.faults.check;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.run.RunEvent;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A step that was said to be committed stays committed: the next one goes on from it, unless the run says that it goes
 * back, or nobody lives who held it; and then it goes back no further than the newest checkpoint that was said to be
 * kept at a keeper which the coordinator has found, on a disk that nothing befell. Who takes over may tell of the last step
 * once more.
 */
public final class NothingLost extends Check {

    private long version = -1;
    private long highest = -1;
    /** The newest checkpoint that each keeper was said to keep, across its lives. */
    private final Map<PeerId, Long> kept = new TreeMap<>();

    /** Keepers that have told the coordinator of this term what they serve. */
    private final Set<Member> found = new TreeSet<>();

    private long term;
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
            case RunEvent.Kept(long stored, List<Member> keepers) ->
                keepers.forEach(keeper -> kept.merge(keeper.peer(), stored, Math::max));
            case RunEvent.Lost(Member member, String reason) -> found.remove(member);
            case RunEvent.Left(Member member, long left) -> found.remove(member);
            default -> {}
        }
    }

    private void back(long time, long to) {
        for (Member keeper : found) {
            long newest = kept.getOrDefault(keeper.peer(), -1L);
            if (to < newest) {
                violated(
                        time,
                        "went back to version " + to + " though " + keeper + " keeps a checkpoint of version "
                                + newest);
            }
        }
        // What was learnt after it is of a history that is over.
        kept.replaceAll((keeper, newest) -> Math.min(newest, to));
        version = to;
    }

    /** Who takes over has to find the keepers anew. */
    @Override
    public void sent(long time, Envelope envelope) {
        if (envelope.message() instanceof MemberMessage.TakeOver(Epoch epoch) && epoch.term() > term) {
            term = epoch.term();
            found.clear();
        }
    }

    @Override
    public void delivered(long time, Envelope envelope) {
        if (envelope.message() instanceof CoordinatorMessage.Promised(Epoch epoch, Standing.OfKeeper keeper)
                && epoch.term() == term) {
            found.add(envelope.from());
        }
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
        found.remove(member);
    }

    /** Nobody remembers the terms that were. */
    @Override
    public void forgotten(long time) {
        term = 0;
        found.clear();
    }

    /** Something befell a keeper's disk: what it kept may be lost. */
    public void diskHit(PeerId keeper) {
        kept.remove(keeper);
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
