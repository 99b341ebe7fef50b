package io.murmuration.actors.run;

import io.murmuration.actors.protocol.ControlMessage;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MemberMessage.ReplayOrder;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Brings one step from "every microbatch came back" to "every stage holds the average of all of them, each counted
 * once", whoever is lost on the way.
 *
 * <p>For every stage: ask all shards what they counted; where two counted the same, one of them throws its accumulator
 * away; what nobody counted is replayed from the neighbouring stages; then average, and again from the start with
 * whoever is left if one is lost before all have the average. Pure and single-threaded; every decision is a function of
 * the roster and the answers, so losing an answer only means asking again.
 */
final class StepClosing {

    /** A round whose averages differ is done again; more often than this means that shards compute differently. */
    private static final int MAX_DISAGREEMENTS = 3;

    /** So many times replays are asked for without any news before everybody is asked again what is missing. */
    private static final int PATIENCE = 5;

    /** A message to send. */
    record Order(Member to, ControlMessage message) {}

    /** One stage's progress. */
    private static final class Stage {
        private final Map<Member, ShardMessage.CloseStep> asked = new LinkedHashMap<>();
        private final Map<Member, CoordinatorMessage.Tally> tallies = new LinkedHashMap<>();
        private final Map<Member, ShardMessage.Average> invited = new LinkedHashMap<>();
        private final Map<Member, CoordinatorMessage.Averaged> averaged = new LinkedHashMap<>();

        private boolean tallied(Member member) {
            return tallies.containsKey(member)
                    && tallies.get(member).closing() >= asked.get(member).closing();
        }
    }

    private final long step;
    private final int microbatches;
    private final List<Stage> stages = new ArrayList<>();
    /** Joiners of every stage. */
    private final List<List<Member>> listeners;

    private Roster roster;
    private long closing;
    private long round;
    private int disagreements;
    private int replayed;
    private boolean replaysOrdered;
    private int asksWithoutNews;
    private final List<Order> lastReplays = new ArrayList<>();
    /** Everything counted before is thrown away; by whom that is known to be done. */
    private final boolean anew;

    private final Set<Member> discarded = new TreeSet<>();

    /**
     * @param listeners joiners of every stage, who hear its averages
     * @param numbers orders to close and rounds are numbered from the next one on; higher than any before in this step
     * @param anew the step begins again: whatever was counted of it is thrown away, and all of it is replayed
     */
    StepClosing(Roster roster, long step, int microbatches, List<List<Member>> listeners, long numbers, boolean anew) {
        this.anew = anew;
        this.closing = numbers;
        this.round = numbers;
        this.roster = roster;
        this.listeners = List.copyOf(listeners);
        this.step = step;
        this.microbatches = microbatches;
        roster.stages().forEach(shards -> stages.add(new Stage()));
    }

    /** Somebody left: rounds they were needed for are abandoned, what only they counted will be replayed. */
    void rosterChanged(Roster newRoster) {
        roster = newRoster;
        replaysOrdered = false;
    }

    /** True if replays that were ordered have made progress. */
    boolean tally(Member from, CoordinatorMessage.Tally tally) {
        OptionalInt number = roster.stageOf(from);
        if (number.isEmpty()) {
            return false;
        }
        Stage stage = stages.get(number.getAsInt());
        ShardMessage.CloseStep asked = stage.asked.get(from);
        if (asked == null || tally.step() != step || tally.closing() < asked.closing()) {
            return false;
        }
        CoordinatorMessage.Tally known = stage.tallies.get(from);
        if (known != null
                && known.closing() >= asked.closing()
                && !tally.indices().containsAll(known.indices())) {
            // Between two orders to close, a shard only counts more: this is a late copy.
            return false;
        }
        asksWithoutNews = 0;
        if (asked.discard()) {
            discarded.add(from);
        }
        stage.tallies.put(from, tally);
        ShardMessage.Average invitation = stage.invited.get(from);
        if (invitation != null && !invitation.indices().equals(tally.indices())) {
            abandon(stage);
        }
        return replaysOrdered && (known == null || !known.indices().equals(tally.indices()));
    }

    void averaged(Member from, CoordinatorMessage.Averaged averaged) {
        roster.stageOf(from).ifPresent(number -> {
            Stage stage = stages.get(number);
            ShardMessage.Average invitation = stage.invited.get(from);
            if (invitation != null && averaged.step() == step && averaged.round() == invitation.round()) {
                stage.averaged.put(from, averaged);
            }
        });
    }

    private static void abandon(Stage stage) {
        stage.asked.clear();
        stage.invited.clear();
        stage.averaged.clear();
    }

    /**
     * What to send now.
     *
     * @throws IllegalStateException if the replicas of a stage keep disagreeing on its average
     */
    List<Order> advance() {
        List<Order> orders = new ArrayList<>();
        boolean settled = true;
        for (int number = 0; number < stages.size(); number++) {
            settled &= advance(number, orders);
        }
        if (settled && !replaysOrdered) {
            orderReplays(orders);
        }
        return orders;
    }

    /** True once it is known for certain who counted what in this stage. */
    private boolean advance(int number, List<Order> orders) {
        Stage stage = stages.get(number);
        List<Member> live = roster.stage(number);
        if (!stage.invited.isEmpty()) {
            if (!stage.averaged.keySet().containsAll(live)) {
                if (stage.invited.keySet().equals(new LinkedHashSet<>(live))) {
                    return true;
                }
                abandon(stage);
            } else if (agreed(stage, live)) {
                return true;
            } else {
                disagreements++;
                if (disagreements > MAX_DISAGREEMENTS) {
                    throw new IllegalStateException("the replicas of stage " + number + " computed different averages "
                            + disagreements + " times in step " + step);
                }
                abandon(stage);
            }
        }
        boolean asking = false;
        for (Member member : live) {
            if (!stage.asked.containsKey(member)) {
                ask(stage, member, anew && !discarded.contains(member), orders);
            }
            asking |= !stage.tallied(member);
        }
        if (asking) {
            return false;
        }
        Optional<Member> doubled = doubled(stage, live);
        if (doubled.isPresent()) {
            ask(stage, doubled.get(), true, orders);
            return false;
        }
        if (counted(number).cardinality() == microbatches) {
            invite(number, live, orders);
        }
        return true;
    }

    private void ask(Stage stage, Member member, boolean discard, List<Order> orders) {
        closing++;
        var order = new ShardMessage.CloseStep(roster.epoch(), step, closing, discard);
        stage.asked.put(member, order);
        // What was ordered to be replayed is no longer what is missing.
        replaysOrdered &= !discard;
        orders.add(new Order(member, order));
    }

    /** A shard that counted what another counted too: of two, the one with less to replay. */
    private Optional<Member> doubled(Stage stage, List<Member> live) {
        for (int a = 0; a < live.size(); a++) {
            for (int b = a + 1; b < live.size(); b++) {
                List<Integer> first = stage.tallies.get(live.get(a)).indices();
                List<Integer> second = stage.tallies.get(live.get(b)).indices();
                if (first.stream().anyMatch(second::contains)) {
                    return Optional.of(first.size() < second.size() ? live.get(a) : live.get(b));
                }
            }
        }
        return Optional.empty();
    }

    private void invite(int number, List<Member> live, List<Order> orders) {
        Stage stage = stages.get(number);
        round++;
        List<Member> listening = listeners.get(number).stream()
                .filter(listener -> !live.contains(listener))
                .toList();
        for (Member member : live) {
            var invitation = new ShardMessage.Average(
                    roster.epoch(),
                    step,
                    round,
                    live,
                    listening,
                    stage.tallies.get(member).indices());
            stage.invited.put(member, invitation);
            orders.add(new Order(member, invitation));
        }
    }

    private static boolean agreed(Stage stage, List<Member> live) {
        return live.stream()
                        .map(member -> stage.averaged.get(member).digest())
                        .distinct()
                        .count()
                == 1;
    }

    /** What the live shards of a stage have counted, or what its average contains if that is complete. */
    private BitSet counted(int number) {
        BitSet counted = new BitSet();
        if (complete(number)) {
            counted.set(0, microbatches);
            return counted;
        }
        for (Member member : roster.stage(number)) {
            stages.get(number).tallies.get(member).indices().forEach(counted::set);
        }
        return counted;
    }

    private Optional<Member> holder(int number, int index) {
        return roster.stage(number).stream()
                .filter(member ->
                        stages.get(number).tallies.get(member).indices().contains(index))
                .findFirst();
    }

    /** For every microbatch that a stage misses: who sends it in again, how far it goes, and where its gradient waits. */
    private void orderReplays(List<Order> orders) {
        Map<Member, List<ReplayOrder>> bySource = new TreeMap<>();
        List<BitSet> counted = new ArrayList<>();
        for (int number = 0; number < stages.size(); number++) {
            counted.add(counted(number));
        }
        for (int index = 0; index < microbatches; index++) {
            BitSet computing = computing(index, counted);
            for (int from = computing.nextSetBit(0); from >= 0; from = computing.nextSetBit(from)) {
                int end = computing.nextClearBit(from);
                List<Integer> counting = new ArrayList<>();
                for (int number = from; number < end; number++) {
                    if (!counted.get(number).get(index)) {
                        counting.add(number);
                    }
                }
                Member source =
                        from == 0 ? trainer(index) : holder(from - 1, index).orElseThrow();
                Optional<Member> gradientHolder = end < stages.size() ? holder(end, index) : Optional.empty();
                bySource.computeIfAbsent(source, member -> new ArrayList<>())
                        .add(new ReplayOrder(index, new Replay(from, end - 1, counting, gradientHolder)));
                replayed += end - from;
                from = end;
            }
        }
        lastReplays.clear();
        if (bySource.isEmpty()) {
            return;
        }
        closing++;
        bySource.forEach((source, replays) -> lastReplays.add(
                new Order(source, new MemberMessage.ReplayOrders(roster.epoch(), step, closing, replays))));
        orders.addAll(lastReplays);
        replaysOrdered = true;
    }

    /**
     * The stages that must compute a microbatch again: those that miss it, and beside them those whose average has it but
     * where nobody alive keeps the bytes that the next one needs.
     */
    private BitSet computing(int index, List<BitSet> counted) {
        BitSet computing = new BitSet();
        for (int number = 0; number < stages.size(); number++) {
            if (!counted.get(number).get(index)) {
                computing.set(number);
                for (int up = number - 1; up >= 0 && holder(up, index).isEmpty(); up--) {
                    computing.set(up);
                }
                for (int down = number + 1;
                        down < stages.size() && holder(down, index).isEmpty();
                        down++) {
                    computing.set(down);
                }
            }
        }
        return computing;
    }

    private Member trainer(int index) {
        return roster.trainers().get(index % roster.trainers().size());
    }

    /** Everything asked and not answered, to be sent again. Replays that do not come to an end are ordered anew. */
    List<Order> askAgain() {
        List<Order> orders = new ArrayList<>();
        for (int number = 0; number < stages.size(); number++) {
            Stage stage = stages.get(number);
            for (Member member : roster.stage(number)) {
                if (stage.invited.containsKey(member) && !stage.averaged.containsKey(member)) {
                    orders.add(new Order(member, restamped(stage.invited.get(member))));
                } else if (stage.asked.containsKey(member) && !stage.tallied(member)) {
                    orders.add(new Order(member, restamped(stage.asked.get(member))));
                }
            }
        }
        asksWithoutNews++;
        if (replaysOrdered && asksWithoutNews % PATIENCE == 0) {
            // The news may have been lost rather than the replays: ask everybody anew before ordering more of them.
            replaysOrdered = false;
            stages.stream().filter(stage -> stage.invited.isEmpty()).forEach(StepClosing::abandon);
            orders.clear();
            orders.addAll(advance());
        } else if (replaysOrdered) {
            orders.addAll(lastReplays);
        }
        return orders;
    }

    /** The same order under the present epoch; under an old one it would be refused. */
    private ShardMessage.Average restamped(ShardMessage.Average order) {
        return new ShardMessage.Average(
                roster.epoch(), order.step(), order.round(), order.participants(), order.listeners(), order.indices());
    }

    private ShardMessage.CloseStep restamped(ShardMessage.CloseStep order) {
        return new ShardMessage.CloseStep(roster.epoch(), order.step(), order.closing(), order.discard());
    }

    boolean prepared() {
        for (int number = 0; number < stages.size(); number++) {
            if (!complete(number)) {
                return false;
            }
        }
        return true;
    }

    /** Everybody alive in this stage has the average. */
    private boolean complete(int number) {
        Stage stage = stages.get(number);
        List<Member> live = roster.stage(number);
        return stage.averaged.keySet().containsAll(live) && agreed(stage, live);
    }

    /** The round of a prepared stage that is to be committed, as its members were invited to it. */
    ShardMessage.Average invitation(int number) {
        return stages.get(number).invited.get(roster.stage(number).getFirst());
    }

    /** The round that each shard is to commit. */
    Map<Member, Long> rounds() {
        Map<Member, Long> rounds = new TreeMap<>();
        for (int number = 0; number < stages.size(); number++) {
            for (Member member : roster.stage(number)) {
                rounds.put(member, stages.get(number).invited.get(member).round());
            }
        }
        return rounds;
    }

    /** Norm of the average over all stages; squares are added in the order of the stages. */
    double gradientNorm() {
        double squared = 0;
        for (int number = 0; number < stages.size(); number++) {
            squared += stages.get(number)
                    .averaged
                    .get(roster.stage(number).getFirst())
                    .squaredNorm();
        }
        return Math.sqrt(squared);
    }

    /** Norm of each stage's average. */
    List<Double> norms() {
        List<Double> norms = new ArrayList<>();
        for (int number = 0; number < stages.size(); number++) {
            norms.add(Math.sqrt(stages.get(number)
                    .averaged
                    .get(roster.stage(number).getFirst())
                    .squaredNorm()));
        }
        return norms;
    }

    /** The highest number given to a round or to an order to close. */
    long lastNumber() {
        return Math.max(closing, round);
    }

    int replayed() {
        return replayed;
    }
}
