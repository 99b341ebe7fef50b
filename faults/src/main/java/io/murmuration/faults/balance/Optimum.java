package io.murmuration.faults.balance;

import java.util.Arrays;

/** What no assignment of nodes to stages can beat. */
final class Optimum {

    private Optimum() {}

    /**
     * An upper bound of the pipeline's rate over all assignments; for equal rates it is reached. Everything divided evenly is
     * too much where one node alone is more than a stage's part: it gets a stage of its own and the others share the rest.
     * And a stage's rate is a whole multiple of the greatest common divisor of the nodes' rates.
     *
     * @param rates of the live nodes, in any order
     */
    static long bound(long[] rates, int stages) {
        if (rates.length < stages) {
            return 0;
        }
        long[] sorted = rates.clone();
        Arrays.sort(sorted);
        long unit = Arrays.stream(sorted).reduce(0, Optimum::commonDivisor);
        long left = Arrays.stream(sorted).sum();
        int parts = stages;
        for (int i = sorted.length - 1; parts > 1 && sorted[i] > left / parts; i--) {
            left -= sorted[i];
            parts--;
        }
        return left / parts / unit * unit;
    }

    private static long commonDivisor(long a, long b) {
        return b == 0 ? a : commonDivisor(b, a % b);
    }
}
