package io.murmuration.actors.rebalance;

import io.murmuration.actors.protocol.Member;

/**
 * What is known of one shard at the end of a period.
 *
 * @param stage where it serves, or where it is going if it is {@code arriving}
 * @param arriving on its way, as a joiner or by a move: it counts for its new stage, which it does not serve yet, and is not
 *     moved
 * @param queue microbatches that wait at it or are being computed
 * @param rate units of work a second that it was measured to do when it has work; 0 while nobody knows
 */
public record ShardReport(Member shard, int stage, boolean arriving, long queue, double rate) {

    public ShardReport {
        if (stage < 0 || queue < 0 || !(rate >= 0) || Double.isInfinite(rate)) {
            throw new IllegalArgumentException("a report needs stage >= 0, queue >= 0 and a finite rate >= 0, got "
                    + shard + ": stage " + stage + ", queue " + queue + ", rate " + rate);
        }
    }

    /** A shard that serves its stage. */
    public static ShardReport serving(Member shard, int stage, long queue, double rate) {
        return new ShardReport(shard, stage, false, queue, rate);
    }

    /** A shard that takes the state of {@code stage}; {@code rate} as it was before, 0 if it had none. */
    public static ShardReport arriving(Member shard, int stage, double rate) {
        return new ShardReport(shard, stage, true, 0, rate);
    }
}
