package io.murmuration.actors.trainer;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.protocol.TrainerMessage;
import io.murmuration.actors.routing.Custody;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Which microbatches of one open step a trainer answers for and what it knows of them. What it inherits from a trainer
 * that is gone it first asks about: it sends again only what nobody in stage 0 has.
 *
 * <p>Pure and single-threaded.
 */
final class TrainerState {

    private final Member self;
    private final Custody custody;
    private final Purpose purpose;
    private final long step;
    private final int microbatches;
    private List<Member> ranks;
    private Roster roster = Roster.EMPTY;
    private final Set<Integer> mine = new TreeSet<>();
    private final SortedMap<Integer, Double> losses = new TreeMap<>();
    private final Set<Integer> inherited = new TreeSet<>();
    private final Set<Member> unasked = new TreeSet<>();

    /** Begins a step. A trainer that comes in the middle inherits all it owns. */
    TrainerState(Member self, Custody custody, MemberMessage.OpenStep open) {
        this.self = self;
        this.custody = custody;
        this.purpose = open.purpose();
        this.step = open.step();
        this.microbatches = open.microbatches();
        this.ranks = open.ranks();
        use(open.roster());
        for (int index = 0; index < microbatches; index++) {
            if (owner(index).equals(self)) {
                mine.add(index);
                inherited.add(index);
            }
        }
        if (open.begun()) {
            unasked.addAll(roster.stage(0));
        }
        settleInheritance(open.begun());
    }

    /**
     * Other ranks for the open step, which a coordinator gives that took over and knew no better; the roster is known. What
     * belongs to another now is given up, with the attempts to cancel as result; what belongs here besides is inherited.
     */
    List<Custody.Dispatch> ranks(List<Member> newRanks) {
        if (newRanks.equals(ranks)) {
            return List.of();
        }
        ranks = newRanks;
        List<Custody.Dispatch> cancel = new ArrayList<>();
        for (int index : List.copyOf(mine)) {
            if (!owner(index).equals(self)) {
                mine.remove(index);
                inherited.remove(index);
                if (!losses.containsKey(index)) {
                    cancel.addAll(custody.drop(id(index)));
                }
            }
        }
        inherit();
        return cancel;
    }

    /** What is told to a new coordinator. */
    Standing.OfTrainer standing() {
        return new Standing.OfTrainer(Optional.of(new Standing.Open(purpose, step, microbatches)), ranks, losses);
    }

    /** Somebody left or joined; what now belongs here besides is inherited. */
    void rosterChanged(Roster newRoster) {
        use(newRoster);
        inherit();
    }

    private void inherit() {
        boolean more = false;
        for (int index = 0; index < microbatches; index++) {
            if (owner(index).equals(self) && mine.add(index)) {
                inherited.add(index);
                more = true;
            }
        }
        if (more) {
            unasked.addAll(roster.stage(0));
        }
    }

    private void use(Roster newRoster) {
        roster = newRoster;
        custody.members(roster.stage(0));
        unasked.retainAll(roster.stage(0));
        settleInheritance(true);
    }

    /** The trainer of that rank, or the next one who is still there. */
    private Member owner(int index) {
        for (int next = 0; next < ranks.size(); next++) {
            Member candidate = ranks.get((index + next) % ranks.size());
            if (roster.trainers().contains(candidate)) {
                return candidate;
            }
        }
        return roster.trainers().get(index % roster.trainers().size());
    }

    /** Who is still to be asked about inherited microbatches. */
    List<Member> toAsk() {
        return inherited.isEmpty() ? List.of() : new ArrayList<>(unasked);
    }

    /** Everything this trainer answers for. */
    List<Integer> owned() {
        return new ArrayList<>(mine);
    }

    List<Integer> inherited() {
        return new ArrayList<>(inherited);
    }

    /** A shard of stage 0 says what it has. */
    void held(Member from, TrainerMessage.Held held, long now) {
        if (held.epoch().compareTo(roster.epoch()) < 0 || !unasked.remove(from)) {
            return;
        }
        if (held.closed()) {
            closed();
            return;
        }
        for (int index : List.copyOf(inherited)) {
            if (held.finished().containsKey(index)) {
                losses.put(index, held.finished().get(index));
                inherited.remove(index);
            } else if (held.underWay().contains(index)) {
                custody.adopt(id(index), from, 1, now);
                inherited.remove(index);
            }
        }
        settleInheritance(true);
    }

    /** The step is being closed: from now on only what is ordered is sent. */
    void closed() {
        inherited.clear();
        unasked.clear();
    }

    private void settleInheritance(boolean resend) {
        if (unasked.isEmpty()) {
            inherited.forEach(index -> custody.hold(id(index), resend));
            inherited.clear();
        }
    }

    /** A microbatch is finished; the result are attempts to cancel. */
    List<Custody.Dispatch> done(Member from, TrainerMessage.Done done, long now) {
        Custody.Answer answer = custody.answered(done.id(), done.attempt(), from, now);
        if (answer.first()) {
            losses.putIfAbsent(done.id().index(), done.loss());
        }
        return answer.cancel();
    }

    /** Everything this trainer answers for is finished. */
    boolean finished() {
        return losses.keySet().containsAll(mine);
    }

    SortedMap<Integer, Double> losses() {
        return losses;
    }

    Purpose purpose() {
        return purpose;
    }

    long step() {
        return step;
    }

    Roster roster() {
        return roster;
    }

    /** For logs: what is missing. */
    @Override
    public String toString() {
        Set<Integer> missing = new TreeSet<>(mine);
        missing.removeAll(losses.keySet());
        return purpose + " " + step + " lacks " + missing + ", inherited " + inherited + ", asks " + unasked;
    }

    private MicrobatchId id(int index) {
        return new MicrobatchId(purpose, step, index);
    }
}
