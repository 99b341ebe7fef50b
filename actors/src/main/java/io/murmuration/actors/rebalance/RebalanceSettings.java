package io.murmuration.actors.rebalance;

import java.time.Duration;

/**
 * When a shard is worth moving. A move costs the swarm the shard for as long as it takes the state of its new stage (12 bytes
 * a parameter with AdamW), so none is made for a gain that noise could have shown.
 *
 * @param period how often loads are looked at, T; at most one shard moves in each. SWARM (arXiv 2301.11913, sec. 3) measured
 *     300 s and 60 s. Positive: shorter follows churn faster, and acts on fewer measurements
 * @param threshold a stage that holds less than this share of what the best spreading of the same shards would give every
 *     stage is worth a shard; above 0, at most 1. Petals moves a server below 0.75, which gives up to a quarter of the
 *     throughput away; near 1 a shard moves for next to nothing
 * @param minimumReplicas a stage with no more serving shards gives none away; at least 1, so that no stage is ever emptied
 * @param confirmations for how many reports in a row the shards that are there now must have shown the need: a measurement that
 *     swings from one period to the next moves nobody, while who has gone is missed at once. 1 to {@value #MOST_CONFIRMATIONS}
 * @param rest after a move none for so long; not negative. {@code period} paces already, a longer rest paces more
 * @param shardRest who has moved stays for so long, whatever the loads; not negative. Well above the time that a download takes
 * @param turnBack a stage that was given a shard gives none for so long, and one that gave one is given none; not negative.
 *     Loads that swing slowly can send shards one way and back only so often
 */
public record RebalanceSettings(
        Duration period,
        double threshold,
        int minimumReplicas,
        int confirmations,
        Duration rest,
        Duration shardRest,
        Duration turnBack) {

    /** Reports of each shard that are remembered at most. */
    public static final int MOST_CONFIRMATIONS = 16;

    /** Times are added as nanoseconds in 64 bits. */
    private static final Duration LONGEST = Duration.ofDays(365);

    /**
     * What the simulation of preempted nodes in {@code docs/benchmarks.md} was run with, for the given period: a stage is worth
     * a shard below 0.97 of the best, and the pauses are some periods long, so that what a move brought has been measured
     * before the next decision about the same shard or stage.
     */
    public static RebalanceSettings usual(Duration period) {
        return new RebalanceSettings(period, 0.97, 1, 2, Duration.ZERO, period.multipliedBy(4), period.multipliedBy(2));
    }

    public RebalanceSettings {
        if (!period.isPositive() || period.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException("period: expected above 0 and at most 365 days, got " + period);
        }
        if (!(threshold > 0 && threshold <= 1)) {
            throw new IllegalArgumentException("threshold: expected above 0 and at most 1, got " + threshold);
        }
        if (minimumReplicas < 1) {
            throw new IllegalArgumentException("minimum replicas: expected at least 1, got " + minimumReplicas);
        }
        if (confirmations < 1 || confirmations > MOST_CONFIRMATIONS) {
            throw new IllegalArgumentException(
                    "confirmations: expected 1 to " + MOST_CONFIRMATIONS + ", got " + confirmations);
        }
        pause("rest", rest);
        pause("shard rest", shardRest);
        pause("turn back", turnBack);
    }

    /** The same with another threshold. */
    public RebalanceSettings withThreshold(double other) {
        return new RebalanceSettings(period, other, minimumReplicas, confirmations, rest, shardRest, turnBack);
    }

    private static void pause(String name, Duration pause) {
        if (pause.isNegative() || pause.compareTo(LONGEST) > 0) {
            throw new IllegalArgumentException(name + ": expected 0 to 365 days, got " + pause);
        }
    }
}
