package io.murmuration.faults.balance;

import java.time.Duration;

/**
 * What came of a trace.
 *
 * @param share work done, as a share of what the best assignment at every moment would have done
 * @param firstHour the same of the first hour
 * @param lastHour the same of the last hour
 * @param moves shards that were moved
 * @param length of the trace
 * @param empty how long some stage had no shard that served it
 * @param meanNodes live nodes in the mean
 */
public record Kept(
        double share, double firstHour, double lastHour, int moves, Duration length, Duration empty, double meanNodes) {

    double movesPerHour() {
        return moves / (length.toMillis() / 3.6e6);
    }
}
