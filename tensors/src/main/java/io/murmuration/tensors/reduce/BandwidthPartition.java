package io.murmuration.tensors.reduce;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * How much of a vector each peer reduces in a butterfly, by bandwidth (hivemind, {@code averaging/load_balancing.py}). Of n
 * peers, one that reduces a part of p_i of V numbers sends V - p_i and, as owner of its part, moves (n - 1) p_i. So
 *
 * <pre>
 * cost = max over peers with bandwidth above 0 of (V + (n - 2) p_i) / bandwidth_i
 * </pre>
 *
 * is made least, in closed form: with shares w_i and cost xi, a peer that reduces anything is filled up to the common level,
 * {@code w_i = (xi bandwidth_i - 1) / (n - 2)}, and the shares add up to 1. Those whose level would be below 0 reduce
 * nothing. The slowest peer may still cost more than that level, and then other partitions cost as much.
 *
 * <p>Bandwidth 0: a client, which reduces nothing. Unknown: the mean of the given ones above 0. A peer whose share would be
 * below the least size gets nothing and its share goes to the others in proportion, unless nobody reaches that size.
 */
public final class BandwidthPartition {

    private BandwidthPartition() {}

    /**
     * @param numbers V, length of the vector, at least 0
     * @param bandwidths one per peer, in any unit, at least 0; empty: unknown
     * @param leastSize numbers below which a part is not worth a message, at least 0
     * @return numbers per peer, with the sum {@code numbers}
     * @throws IllegalArgumentException if all bandwidths are 0, or one is negative or not finite
     */
    public static long[] of(long numbers, List<OptionalDouble> bandwidths, long leastSize) {
        if (numbers < 0 || leastSize < 0) {
            throw new IllegalArgumentException(
                    "expected at least 0 numbers and a least size of at least 0, got " + numbers + " and " + leastSize);
        }
        double[] shares = shares(known(bandwidths));
        double least = numbers == 0 ? 0 : (double) leastSize / numbers;
        if (Arrays.stream(shares).max().orElseThrow() >= least) {
            for (int i = 0; i < shares.length; i++) {
                shares[i] = shares[i] < least ? 0 : shares[i];
            }
        }
        return Apportionment.of(numbers, shares);
    }

    /** The cost of a partition, in numbers over bandwidth. */
    public static double cost(long numbers, List<OptionalDouble> bandwidths, long[] partition) {
        double[] known = known(bandwidths);
        double cost = 0;
        for (int i = 0; i < known.length; i++) {
            if (known[i] > 0) {
                cost = Math.max(cost, (numbers + (known.length - 2.0) * partition[i]) / known[i]);
            }
        }
        return cost;
    }

    private static double[] known(List<OptionalDouble> bandwidths) {
        double sum = 0;
        int count = 0;
        boolean unknown = false;
        for (OptionalDouble bandwidth : bandwidths) {
            if (bandwidth.isPresent()
                    && !(bandwidth.getAsDouble() >= 0 && bandwidth.getAsDouble() <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException(
                        "expected finite bandwidths of at least 0, got " + bandwidth.getAsDouble());
            }
            unknown |= bandwidth.isEmpty();
            if (bandwidth.orElse(0) > 0) {
                sum += bandwidth.getAsDouble();
                count++;
            }
        }
        if (count == 0 && !unknown) {
            throw new IllegalArgumentException("expected at least one bandwidth above 0 among " + bandwidths.size()
                    + " peers: nobody could reduce");
        }
        double mean = count == 0 ? 1 : sum / count;
        return bandwidths.stream()
                .mapToDouble(bandwidth -> bandwidth.orElse(mean))
                .toArray();
    }

    private static double[] shares(double[] bandwidths) {
        double others = bandwidths.length - 2.0;
        if (others <= 0) { // one peer does all; of two each sends and receives the same, whoever reduces
            double sum = Arrays.stream(bandwidths).sum();
            return Arrays.stream(bandwidths).map(bandwidth -> bandwidth / sum).toArray();
        }
        double level = level(bandwidths, others);
        return Arrays.stream(bandwidths)
                .map(bandwidth -> Math.max(0, (level * bandwidth - 1) / others))
                .toArray();
    }

    /** The xi at which the shares add up to 1: with the k fastest peers at work, (n - 2 + k) / (sum of their bandwidths). */
    private static double level(double[] bandwidths, double others) {
        double[] ascending = bandwidths.clone();
        Arrays.sort(ascending);
        double sum = 0;
        double level = Double.POSITIVE_INFINITY;
        for (int k = 1; k <= ascending.length; k++) {
            double next = ascending[ascending.length - k];
            if (level * next <= 1) {
                break; // this one, and all slower ones, would get less than nothing
            }
            sum += next;
            level = (others + k) / sum;
        }
        return level;
    }
}
