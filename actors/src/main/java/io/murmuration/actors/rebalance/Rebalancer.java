package io.murmuration.actors.rebalance;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Moves shards from where they are idle to where work queues up (SWARM, arXiv 2301.11913, sec. 3; never published as code).
 * Every period the least and the most loaded stage are found by their total queues, and in the least loaded one the replica
 * with the smallest queue (ties: the lowest id) moves to the most loaded one, at most one a period. Beyond the paper:
 *
 * <ul>
 *   <li>it moves only if the pipeline is better for it by the measured rates. A queue says where work waits now, a rate what
 *       a stage can do: the receiver must be below {@code threshold} of what the best spreading would give it, and the giver
 *       must keep more than the receiver has. So, at the published rates, every move raises the rate of the slower of the two
 *       and lowers no stage to or below it: the pipeline's rate never falls, rises if the receiver alone was the bottleneck,
 *       and else fewer stages hold it. Demanding that each move alone raises it would leave two equally slow stages as they
 *       are for ever;
 *   <li>where the rule's stage or replica may not go (the last ones of a stage, one that has moved lately, a gain that is
 *       none) the next in the same order is asked;
 *   <li>of the shards of one node, which one death takes all, none goes to a stage that has another, unless no other move
 *       helps; and of a stage that has two of a node one of these goes first;
 *   <li>nothing is done twice in a hurry: see {@link RebalanceSettings} for the four brakes.
 * </ul>
 *
 * <p>Stages are taken to cost the same, so that a shard has the same rate in each. At constant rates without churn the sequence
 * of moves ends: the rates of the stages, sorted, only ever rise lexicographically.
 *
 * <p>Pure and single-threaded; bounded by the shards. What it remembers may be lost: a new one begins with a rest.
 */
public final class Rebalancer {

    /** Differences below this are rounding, not gain: sums of the same rates in another order differ by less. */
    private static final double ROUNDING = 1e-9;

    private enum Side {
        GAVE,
        RECEIVED
    }

    private record Turn(Side side, long at) {}

    private final int stages;
    private final RebalanceSettings settings;
    /** What each reported, the newest first. */
    private final Map<PeerId, Deque<Double>> known = new TreeMap<>();
    /** By peer and not by member: who comes to its new stage as another incarnation has moved all the same. */
    private final Map<PeerId, Long> movedAt = new TreeMap<>();
    /** What each stage did last. */
    private final Map<Integer, Turn> turns = new TreeMap<>();

    private long lookedAt;
    private long lastMove;

    /**
     * @param stages stages of the pipeline
     * @param now nanoseconds of a monotonic clock: the first period begins, and the first rest
     */
    public Rebalancer(int stages, RebalanceSettings settings, long now) {
        if (stages < 1) {
            throw new IllegalArgumentException("expected at least one stage, got " + stages);
        }
        this.stages = stages;
        this.settings = settings;
        this.lookedAt = now;
        this.lastMove = now;
    }

    /**
     * The end of a period, or any time: between two periods it does nothing.
     *
     * @param now nanoseconds of the same clock; never goes back
     * @param reports of every shard that serves or is on its way, each peer once, in any order
     * @return who is to move. It counts as moved; if it turns out that it cannot, it stays and rests all the same
     */
    public Optional<Move> look(long now, List<ShardReport> reports) {
        if (now - lookedAt < settings.period().toNanos()) {
            return Optional.empty();
        }
        lookedAt = now;
        List<ShardReport> sorted = new ArrayList<>(reports);
        sorted.sort(Comparator.comparing(ShardReport::shard));
        remember(now, sorted);
        if (now - lastMove < settings.rest().toNanos()) {
            return Optional.empty();
        }
        Optional<Move> move = choose(now, sorted);
        move.ifPresent(chosen -> {
            lastMove = now;
            movedAt.put(chosen.shard().peer(), now);
            turns.put(chosen.from(), new Turn(Side.GAVE, now));
            turns.put(chosen.to(), new Turn(Side.RECEIVED, now));
        });
        return move;
    }

    private void remember(long now, List<ShardReport> reports) {
        TreeSet<PeerId> present = new TreeSet<>();
        for (ShardReport report : reports) {
            if (report.stage() >= stages) {
                throw new IllegalArgumentException(
                        "expected a stage below " + stages + ", got " + report.stage() + " from " + report.shard());
            }
            PeerId peer = report.shard().peer();
            if (!present.add(peer)) {
                throw new IllegalArgumentException("expected one report of each peer, got two of " + peer);
            }
            Deque<Double> rates = known.computeIfAbsent(peer, newcomer -> new ArrayDeque<>());
            if (report.rate() > 0) {
                rates.addFirst(report.rate());
                while (rates.size() > settings.confirmations()) {
                    rates.removeLast();
                }
            }
        }
        known.keySet().retainAll(present);
        movedAt.values().removeIf(at -> now - at >= settings.shardRest().toNanos());
    }

    private Optional<Move> choose(long now, List<ShardReport> reports) {
        List<View> views = views(reports);
        if (views.isEmpty()) {
            return Optional.empty();
        }
        Homes homes = Homes.of(stages, reports);
        return choose(now, reports, views, homes, true).or(() -> choose(now, reports, views, homes, false));
    }

    /** @param apart whether a shard may only go where none of its home is */
    private Optional<Move> choose(long now, List<ShardReport> reports, List<View> views, Homes homes, boolean apart) {
        long[] queues = new long[stages];
        int[] serving = new int[stages];
        for (ShardReport report : reports) {
            queues[report.stage()] += report.queue();
            serving[report.stage()] += report.arriving() ? 0 : 1;
        }
        double[] rates = views.getFirst().stages();
        // Equal queues, such as none at all, say nothing: then the slower stage is the more loaded one.
        List<Integer> byLoad = new ArrayList<>();
        for (int stage = 0; stage < stages; stage++) {
            byLoad.add(stage);
        }
        byLoad.sort(Comparator.<Integer>comparingLong(stage -> queues[stage])
                .thenComparing(stage -> rates[stage], Comparator.reverseOrder()));
        for (int to : byLoad.reversed()) {
            if (turned(to, Side.GAVE, now) || !views.stream().allMatch(view -> view.lacks(to))) {
                continue;
            }
            for (int from : byLoad) {
                // The rule takes from the less loaded only; but queues are small numbers, and rates have the last word.
                if (from == to || serving[from] <= settings.minimumReplicas() || turned(from, Side.RECEIVED, now)) {
                    continue;
                }
                Optional<Member> mover = movable(reports, from).stream()
                        .filter(report -> !apart || homes.in(to, report) == 0)
                        .sorted(Comparator.<ShardReport, Boolean>comparing(report -> homes.in(from, report) == 1)
                                .thenComparingLong(ShardReport::queue))
                        .map(ShardReport::shard)
                        .filter(shard -> views.stream().allMatch(view -> view.gains(shard.peer(), from, to)))
                        .findFirst();
                if (mover.isPresent()) {
                    return Optional.of(new Move(mover.get(), from, to));
                }
            }
        }
        return Optional.empty();
    }

    /** Who serves the stage and has not moved lately, by id, as the reports are. */
    private List<ShardReport> movable(List<ShardReport> reports, int from) {
        return reports.stream()
                .filter(report -> report.stage() == from && !report.arriving())
                .filter(report -> !movedAt.containsKey(report.shard().peer()))
                .toList();
    }

    /** How many shards of each home there are in each stage. */
    private record Homes(List<Map<String, Integer>> shards) {

        static Homes of(int stages, List<ShardReport> reports) {
            List<Map<String, Integer>> shards = new ArrayList<>();
            for (int stage = 0; stage < stages; stage++) {
                shards.add(new TreeMap<>());
            }
            reports.forEach(report ->
                    shards.get(report.stage()).merge(report.shard().peer().home(), 1, Integer::sum));
            return new Homes(shards);
        }

        /** Of the home of this one. */
        int in(int stage, ShardReport report) {
            return shards.get(stage).getOrDefault(report.shard().peer().home(), 0);
        }
    }

    private boolean turned(int stage, Side side, long now) {
        Turn turn = turns.get(stage);
        return turn != null
                && turn.side() == side
                && now - turn.at() < settings.turnBack().toNanos();
    }

    /** The present shards by what they reported some periods ago: need must show in every one of these. */
    private record View(Map<PeerId, Double> rates, double[] stages, double wanted) {

        boolean lacks(int stage) {
            return stages[stage] < wanted;
        }

        /** What the giver keeps is more than the receiver has. */
        boolean gains(PeerId shard, int from, int to) {
            return stages[from] - rates.get(shard) > stages[to] + ROUNDING * stages[from];
        }
    }

    /** The newest first; none until a rate is known and, after a start, there are enough reports. */
    private List<View> views(List<ShardReport> reports) {
        int deepest = known.values().stream().mapToInt(Deque::size).max().orElse(0);
        if (deepest < settings.confirmations()) {
            return List.of();
        }
        List<View> views = new ArrayList<>();
        for (int age = 0; age < settings.confirmations(); age++) {
            views.add(view(reports, age));
        }
        return views;
    }

    private View view(List<ShardReport> reports, int age) {
        Map<PeerId, Double> rates = new TreeMap<>();
        for (ShardReport report : reports) {
            Deque<Double> own = known.get(report.shard().peer());
            if (!own.isEmpty()) {
                // Who has reported less often has always been what it was first.
                rates.put(
                        report.shard().peer(),
                        own.stream().limit(age + 1L).toList().getLast());
            }
        }
        // Who is not known yet is taken to be like the others.
        double usual = rates.values().stream()
                .mapToDouble(Double::doubleValue)
                .average()
                .orElse(0);
        double[] sums = new double[stages];
        for (ShardReport report : reports) {
            sums[report.stage()] += rates.computeIfAbsent(report.shard().peer(), newcomer -> usual);
        }
        double best = StageRates.spread(
                rates.values().stream().mapToDouble(Double::doubleValue).toArray(), stages);
        return new View(rates, sums, settings.threshold() * best);
    }
}
