package io.murmuration.faults.balance;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.rebalance.JoinerPlacement;
import io.murmuration.actors.rebalance.Move;
import io.murmuration.actors.rebalance.Rebalancer;
import io.murmuration.actors.rebalance.ShardReport;
import io.murmuration.faults.simulation.world.ChurnTrace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * One pipeline through one trace. Between two events nothing changes, so that the work is a sum of rates times durations.
 * The pipeline does what its slowest stage does; the best assignment of the live nodes, those that take a state included, is
 * what it is compared with. Queues are those of a full pipeline, two microbatches for each live node.
 *
 * <p>Whose first entry is {@code down} was there from the start, as was who comes at time 0; these hold their stages already,
 * one after the other.
 */
public final class TraceRun {

    private static final long HOUR = Duration.ofHours(1).toNanos();

    /** Microbatches under way for each live node: one is computed, the next one waits. */
    private static final int WINDOW_PER_NODE = 2;

    private static final class Node {
        private final Member shard;
        private final long rate;
        private int stage;
        private long ready;

        private Node(Member shard, long rate, int stage, long ready) {
            this.shard = shard;
            this.rate = rate;
            this.stage = stage;
            this.ready = ready;
        }
    }

    /** Work done and work that could have been done from one time to another. */
    private static final class Window {
        private final long from;
        private final long to;
        private double done;
        private double best;

        private Window(long from, long to) {
            this.from = from;
            this.to = to;
        }

        private void add(long begin, long end, double rate, double bound) {
            double seconds = Math.max(0, Math.min(end, to) - Math.max(begin, from)) / 1e9;
            done += seconds * rate;
            best += seconds * bound;
        }

        private double share() {
            return best > 0 ? done / best : 0;
        }
    }

    private final Pipeline pipeline;
    private final SplittableRandom random;
    private final Optional<Rebalancer> rebalancer;
    private final Map<String, Node> live = new TreeMap<>();
    private final Map<String, Integer> lives = new TreeMap<>();
    private int moves;

    private TraceRun(Pipeline pipeline, long seed) {
        this.pipeline = pipeline;
        this.random = new SplittableRandom(seed);
        this.rebalancer = pipeline.rebalancing().map(settings -> new Rebalancer(pipeline.stages(), settings, 0));
    }

    /**
     * @param end when to stop, after the last entry or before; positive
     * @param seed of what is drawn: rates, measurements, random places
     */
    public static Kept run(Pipeline pipeline, ChurnTrace trace, Duration end, long seed) {
        if (!end.isPositive()) {
            throw new IllegalArgumentException("end: expected above 0, got " + end);
        }
        return new TraceRun(pipeline, seed).run(trace, end.toNanos());
    }

    private Kept run(ChurnTrace trace, long end) {
        List<ChurnTrace.Entry> entries = trace.entries();
        int next = start(entries);
        long period = pipeline.rebalancing()
                .map(settings -> settings.period().toNanos())
                .orElse(Long.MAX_VALUE);
        long tick = period;
        Window whole = new Window(0, end);
        Window first = new Window(0, HOUR);
        Window last = new Window(end - HOUR, end);
        double nodeSeconds = 0;
        long empty = 0;
        long now = 0;
        while (now < end) {
            long then = Math.min(end, tick);
            if (next < entries.size()) {
                then = Math.min(then, entries.get(next).time().toNanos());
            }
            for (Node node : live.values()) {
                if (node.ready > now) {
                    then = Math.min(then, node.ready);
                }
            }
            double rate = slowest(now);
            double bound = Optimum.bound(
                    live.values().stream().mapToLong(node -> node.rate).toArray(), pipeline.stages());
            for (Window window : List.of(whole, first, last)) {
                window.add(now, then, rate, bound);
            }
            nodeSeconds += (then - now) / 1e9 * live.size();
            empty += rate > 0 ? 0 : then - now;
            now = then;
            while (next < entries.size() && entries.get(next).time().toNanos() <= now) {
                change(entries.get(next), now);
                next++;
            }
            if (now == tick) {
                look(now);
                tick += period;
            }
        }
        return new Kept(
                whole.share(),
                first.share(),
                last.share(),
                moves,
                Duration.ofNanos(end),
                Duration.ofNanos(empty),
                nodeSeconds / (end / 1e9));
    }

    /** Those who are there from the start; returns the first entry that is not about them. */
    private int start(List<ChurnTrace.Entry> entries) {
        TreeSet<String> present = new TreeSet<>();
        TreeSet<String> mentioned = new TreeSet<>();
        int next = 0;
        for (int i = 0; i < entries.size(); i++) {
            ChurnTrace.Entry entry = entries.get(i);
            boolean comesAtOnce = entry.up() && entry.time().isZero();
            if (mentioned.add(entry.node()) && (comesAtOnce || !entry.up())) {
                present.add(entry.node());
            }
            if (comesAtOnce && next == i) {
                next = i + 1;
            }
        }
        int place = 0;
        for (String name : present) {
            add(name, place % pipeline.stages(), 0);
            place++;
        }
        return next;
    }

    private void change(ChurnTrace.Entry entry, long now) {
        if (!entry.up()) {
            live.remove(entry.node());
        } else if (!live.containsKey(entry.node())) {
            int stage =
                    switch (pipeline.placement()) {
                        case RANDOM -> random.nextInt(pipeline.stages());
                        case NEEDED -> JoinerPlacement.stage(pipeline.stages(), 1, entry.node(), reports(now));
                    };
            add(entry.node(), stage, now + pipeline.download().toNanos());
        }
    }

    private void add(String name, int stage, long ready) {
        Member shard = Member.of(name, lives.merge(name, 1, Integer::sum));
        long rate = pipeline.rates().get(random.nextInt(pipeline.rates().size()));
        live.put(name, new Node(shard, rate, stage, ready));
    }

    private void look(long now) {
        rebalancer.flatMap(asked -> asked.look(now, reports(now))).ifPresent(move -> carryOut(move, now));
    }

    private void carryOut(Move move, long now) {
        Node node = live.get(move.shard().peer().name());
        node.stage = move.to();
        node.ready = now + pipeline.download().toNanos();
        moves++;
    }

    private double[] rates(long now) {
        double[] rates = new double[pipeline.stages()];
        for (Node node : live.values()) {
            rates[node.stage] += node.ready <= now ? node.rate : 0;
        }
        return rates;
    }

    private double slowest(long now) {
        double slowest = Double.POSITIVE_INFINITY;
        for (double rate : rates(now)) {
            slowest = Math.min(slowest, rate);
        }
        return slowest;
    }

    /** What the shards would publish now: whole queues, in proportion to rates, and rates as far off as a measurement is. */
    private List<ShardReport> reports(long now) {
        double[] rates = rates(now);
        double[] queues = Queues.mean(rates, WINDOW_PER_NODE * live.size());
        List<ShardReport> reports = new ArrayList<>();
        for (Node node : live.values()) {
            if (node.ready > now) {
                reports.add(ShardReport.arriving(node.shard, node.stage, 0));
            } else {
                double queue = queues[node.stage] * node.rate / rates[node.stage];
                double off = 1 + pipeline.noise() * random.nextDouble(-1, 1);
                reports.add(ShardReport.serving(
                        node.shard, node.stage, (long) (queue + random.nextDouble()), node.rate * off));
            }
        }
        return reports;
    }
}
