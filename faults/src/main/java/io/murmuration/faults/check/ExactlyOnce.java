package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Every average that a shard applies is one of each microbatch of its step, counted once. It does not believe what shards
 * say they counted: it follows the compute port, adds up what went into every accumulator, and looks at what the
 * participants of a round had in theirs when they gave it away.
 *
 * <p>Memory: the accumulators of the shards, the rounds of the steps that are not over, and a line per committed round.
 */
public final class ExactlyOnce extends Check {

    private record Round(long step, long number) implements Comparable<Round> {
        @Override
        public int compareTo(Round other) {
            int steps = Long.compare(step, other.step);
            return steps != 0 ? steps : Long.compare(number, other.number);
        }
    }

    private static final class Averaging {
        private final List<Member> participants;
        /** What each had in its accumulator: index, how often. */
        private final Map<Member, Map<Integer, Integer>> given = new TreeMap<>();

        private Averaging(List<Member> participants) {
            this.participants = participants;
        }
    }

    /** Of every shard and step: index, how often. */
    private final Map<Member, TreeMap<Long, Map<Integer, Integer>>> accumulators = new TreeMap<>();

    private final Map<Member, Round> invited = new TreeMap<>();
    /** What each was told to commit and has not applied; a joiner may be told of many steps. */
    private final Map<Member, Map<Long, Round>> committed = new TreeMap<>();

    /** Rounds that were looked at; joiners apply them much later. */
    private final Set<Round> judged = new TreeSet<>();

    private final Map<Round, Averaging> rounds = new TreeMap<>();
    private final Map<Long, Integer> microbatches = new TreeMap<>();

    public ExactlyOnce() {
        super("every microbatch counted once");
    }

    @Override
    public void delivered(long time, Envelope envelope) {
        Member to = envelope.to();
        switch (envelope.message()) {
            case MemberMessage.OpenStep open -> {
                if (open.purpose() == Purpose.TRAIN) {
                    microbatches.put(open.step(), open.microbatches());
                    // Rounds are kept for one step more: late joiners and slow replicas still apply it.
                    rounds.keySet().removeIf(round -> round.step() < open.version() - 1);
                    microbatches.keySet().removeIf(step -> step < open.version() - 1);
                }
            }
            case ShardMessage.Average average -> {
                Round round = new Round(average.step(), average.round());
                rounds.computeIfAbsent(round, absent -> new Averaging(average.participants()));
                if (average.participants().contains(to)) {
                    invited.put(to, round);
                }
            }
            case ShardMessage.Commit commit -> told(to, new Round(commit.step(), commit.round()));
            case ShardMessage.Follow follow -> told(to, new Round(follow.step(), follow.round()));
            default -> {}
        }
    }

    @Override
    public void ended(long time, Member member) {
        accumulators.remove(member);
        invited.remove(member);
        committed.remove(member);
    }

    /** Terms begin anew, and with them steps and rounds of the same numbers that are others. */
    @Override
    public void forgotten(long time) {
        judged.clear();
        rounds.clear();
        committed.clear();
        invited.clear();
        microbatches.clear();
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        if (!(outcome instanceof Compute.Completed<?>)) {
            return;
        }
        switch (task) {
            case Compute.Loss loss when loss.count() -> count(owner, loss.id());
            case Compute.Backward backward when backward.count() -> count(owner, backward.id());
            case Compute.Open open -> accumulators.remove(owner);
            case Compute.Discard(long step) -> accumulators(owner).remove(step);
            case Compute.Contribution contribution -> given(owner, contribution.step());
            case Compute.Reduce reduce -> given(owner, reduce.step());
            case Compute.Apply apply -> {
                judge(time, owner, apply.step());
                accumulators(owner).headMap(apply.step(), true).clear();
            }
            default -> {}
        }
    }

    private void told(Member to, Round round) {
        committed.computeIfAbsent(to, absent -> new TreeMap<>()).put(round.step(), round);
    }

    private void count(Member owner, MicrobatchId id) {
        if (id.purpose() == Purpose.TRAIN) {
            accumulators(owner)
                    .computeIfAbsent(id.step(), absent -> new TreeMap<>())
                    .merge(id.index(), 1, Integer::sum);
        }
    }

    private TreeMap<Long, Map<Integer, Integer>> accumulators(Member owner) {
        return accumulators.computeIfAbsent(owner, absent -> new TreeMap<>());
    }

    private void given(Member owner, long step) {
        Averaging round = rounds.get(invited.get(owner));
        if (round != null) {
            round.given.put(owner, Map.copyOf(accumulators(owner).getOrDefault(step, Map.of())));
        }
    }

    private void judge(long time, Member owner, long step) {
        Map<Long, Round> told = committed.getOrDefault(owner, Map.of());
        Round round = told.get(step);
        if (round == null) {
            violated(time, owner + " applied step " + step + " though no round of it was committed there");
            return;
        }
        told.keySet().removeIf(other -> other <= step);
        if (!judged.add(round)) {
            return;
        }
        Averaging averaging = rounds.get(round);
        if (averaging == null) {
            violated(time, owner + " applied step " + step + " with round " + round.number() + ", which nobody held");
            return;
        }
        for (int index = 0; index < microbatches.getOrDefault(step, 0); index++) {
            List<String> holders = new ArrayList<>();
            int times = 0;
            for (Member member : averaging.participants) {
                int here = averaging.given.getOrDefault(member, Map.of()).getOrDefault(index, 0);
                if (here > 0) {
                    holders.add(member + (here > 1 ? " " + here + " times" : ""));
                    times += here;
                }
            }
            if (times != 1) {
                violated(
                        time,
                        "step " + step + ", round " + round.number() + " of " + averaging.participants
                                + ": microbatch " + index + " is counted " + times + " times"
                                + (holders.isEmpty() ? "" : ", by " + String.join(", ", holders)));
            }
        }
    }
}
