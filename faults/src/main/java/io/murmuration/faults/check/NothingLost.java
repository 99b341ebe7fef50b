package io.murmuration.faults.check;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
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
 * kept at a keeper which the coordinator has found, on a disk that nothing befell. It goes back only where the coordinator
 * has nobody who holds some stage of the version in place ({@link Holders}). Who takes over may tell of the last step once
 * more.
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

    /** The same by stage, and whom of them the coordinator has. */
    private final Holders byStage = new Holders();

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
                led(started.roster().epoch().term());
            }
            case RunEvent.TookOver over -> {
                again = true;
                led(over.term());
            }
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
            case RunEvent.RolledBack back -> {
                if (byStage.sufficeFor(term)) {
                    violated(
                            time,
                            "went back to version " + back.to() + " (" + back.reason() + ") though version " + version
                                    + " is in place in every stage: " + byStage);
                }
                byStage.none();
                back(time, back.to());
            }
            case RunEvent.Kept(long stored, List<Member> keepers) ->
                keepers.forEach(keeper -> kept.merge(keeper.peer(), stored, Math::max));
            case RunEvent.Lost(Member member, String reason) -> without(member);
            case RunEvent.Left(Member member, long left) -> without(member);
            default -> {}
        }
    }

    private void without(Member member) {
        found.remove(member);
        byStage.gone(member);
    }

    private void led(long by) {
        // A coordinator of an older term does not know yet that it leads nobody.
        if (by >= term) {
            byStage.led();
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

    /** Who takes over has to find everybody anew. */
    @Override
    public void sent(long time, Envelope envelope) {
        switch (envelope.message()) {
            case MemberMessage.TakeOver(Epoch epoch)
            when epoch.term() > term -> {
                term = epoch.term();
                found.clear();
                byStage.newTerm();
            }
            case MemberMessage.StartOver(Epoch epoch, boolean fault, String reason) ->
                byStage.startsOver(time, envelope.to(), epoch);
            case ShardMessage.Redo redo -> byStage.redo();
            default -> {}
        }
    }

    @Override
    public void delivered(long time, Envelope envelope) {
        if (envelope.message() instanceof CoordinatorMessage.Promised(Epoch epoch, Standing standing)
                && epoch.term() == term) {
            switch (standing) {
                case Standing.OfKeeper keeper -> found.add(envelope.from());
                case Standing.OfShard shard -> byStage.promised(envelope.from(), shard);
                case Standing.OfTrainer trainer -> {}
            }
        }
    }

    private void holders(Roster roster) {
        holders.clear();
        roster.stages().forEach(holders::addAll);
        holders.removeAll(gone);
        byStage.inPlace(roster, version, gone);
    }

    @Override
    public void ended(long time, Member member) {
        gone.add(member);
        holders.remove(member);
        without(member);
    }

    /** Nobody remembers the terms that were. */
    @Override
    public void forgotten(long time) {
        term = 0;
        found.clear();
        byStage.forget();
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
