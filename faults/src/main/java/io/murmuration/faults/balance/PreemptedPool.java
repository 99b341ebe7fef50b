package io.murmuration.faults.balance;

import io.murmuration.faults.simulation.world.ChurnTrace;
import io.murmuration.faults.simulation.world.ChurnTrace.Entry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Draws traces of rented nodes that the provider takes back and gives again.
 *
 * <p>Modelled on the recordings of AWS spot instances of November 2020 that Bamboo publishes (Thorpe et al., NSDI 2023;
 * {@code doc/data} of uclasystem/bamboo at 8080929: a pool of 16 p2.xlarge over 89 hours and one of 12 g4dn.xlarge over 24).
 * What they have in common, and what is kept here, each pool being one zone:
 *
 * <ul>
 *   <li>1.3 to 1.4 preemptions an hour in a pool, and in clusters: half of the gaps are below ten minutes, the others hours
 *       (coefficient of variation 1.8 to 2.1). Here a mixture of two exponential gaps;
 *   <li>several instances at once, all of one zone: 1.6 (p2) and 2.4 (g4dn) in the mean, up to most of the pool, about half of
 *       the times a single one. Here geometric;
 *   <li>that is 0.13 (p2) and 0.43 (g4dn) losses per instance and hour;
 *   <li>the pool is full again 8 (p2) and 20 minutes (g4dn) after the first loss in the median, in grants of 2.3 and 4.4
 *       instances, and now and then only after hours. Here everything that is missing is granted at once, after an
 *       exponential wait that is at times a long one.
 * </ul>
 *
 * <p>SWARM (arXiv 2301.11913, sec. 4) used 32 hours of its own T4 nodes, which were never published.
 *
 * @param zones pools that lose and get instances independently
 * @param nodesPerZone instances wanted in each
 * @param duration length of the trace; all nodes are there at the start
 * @param granting from then on nothing more is granted, and the pools dwindle; {@code duration} if they never do
 */
public record PreemptedPool(int zones, int nodesPerZone, Duration duration, Duration granting) {

    /** More nodes or events than this would be a mistake: the longest published trace has some hundreds. */
    public static final int MOST_NODES = 10_000;

    private static final Duration LONGEST = Duration.ofDays(30);

    /** Gaps of a cluster and between clusters, in seconds: a mean of 2,800 and a coefficient of variation of 1.7. */
    private static final double SHORT_GAP = 300;

    private static final double LONG_GAP = 5_300;
    private static final double SHORT_SHARE = 0.5;

    /** Chance that a preemption takes no further instance: 1.8 in the mean. */
    private static final double LAST = 0.55;

    /** Waits for a grant, in seconds: mostly the first, at times nothing is to be had for long. */
    private static final double GRANT = 500;

    private static final double SCARCE = 7_200;
    private static final double SCARCE_SHARE = 0.03;

    public PreemptedPool {
        if (zones < 1 || nodesPerZone < 1 || (long) zones * nodesPerZone > MOST_NODES) {
            throw new IllegalArgumentException("expected 1 to " + MOST_NODES + " nodes in at least one zone, got "
                    + zones + " zones of " + nodesPerZone);
        }
        if (!duration.isPositive() || duration.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("expected a duration of at most " + LONGEST + ", got " + duration);
        }
        if (granting.isNegative() || granting.compareTo(duration) > 0) {
            throw new IllegalArgumentException(
                    "expected grants to end between 0 and " + duration + ", got " + granting);
        }
    }

    /** The trace of a seed: the same for ever. */
    public ChurnTrace draw(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Entry> entries = new ArrayList<>();
        for (int zone = 1; zone <= zones; zone++) {
            zone(random.split(), zone, entries);
        }
        entries.sort(Comparator.comparing(Entry::time));
        return new ChurnTrace(entries);
    }

    private void zone(SplittableRandom random, int zone, List<Entry> entries) {
        TreeSet<String> up = new TreeSet<>();
        TreeSet<String> missing = new TreeSet<>();
        for (int node = 1; node <= nodesPerZone; node++) {
            String name = "zone%02d-%03d".formatted(zone, node);
            up.add(name);
            entries.add(new Entry(Duration.ZERO, name, true));
        }
        double end = duration.toMillis() / 1e3;
        double loss = gap(random);
        double grant = Double.POSITIVE_INFINITY;
        while (Math.min(loss, grant) < end) {
            if (grant <= loss) {
                add(entries, grant, missing, true);
                up.addAll(missing);
                missing.clear();
                grant = Double.POSITIVE_INFINITY;
                continue;
            }
            TreeSet<String> taken = new TreeSet<>();
            do {
                if (!up.isEmpty()) {
                    String name = List.copyOf(up).get(random.nextInt(up.size()));
                    up.remove(name);
                    taken.add(name);
                }
            } while (random.nextDouble() >= LAST);
            add(entries, loss, taken, false);
            missing.addAll(taken);
            if (Double.isInfinite(grant)) {
                double granted = loss + exponential(random, random.nextDouble() < SCARCE_SHARE ? SCARCE : GRANT);
                grant = granted < granting.toMillis() / 1e3 ? granted : Double.POSITIVE_INFINITY;
            }
            loss += gap(random);
        }
    }

    private static void add(List<Entry> entries, double second, TreeSet<String> nodes, boolean up) {
        Duration time = Duration.ofMillis(Math.round(second * 1000));
        nodes.forEach(node -> entries.add(new Entry(time, node, up)));
    }

    private static double gap(SplittableRandom random) {
        return exponential(random, random.nextDouble() < SHORT_SHARE ? SHORT_GAP : LONG_GAP);
    }

    private static double exponential(SplittableRandom random, double mean) {
        return -mean * Math.log(1 - random.nextDouble());
    }
}
