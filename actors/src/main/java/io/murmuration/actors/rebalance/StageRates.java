package io.murmuration.actors.rebalance;

import java.util.Arrays;
import java.util.List;

/** Arithmetic on what a pipeline can do: it is as fast as its slowest stage, and a stage as fast as its shards together. */
public final class StageRates {

    private StageRates() {}

    /**
     * What every stage can do, units of work a second, with those who are on their way. Who is not known yet is taken to be like
     * the others; while no rate is known all count as 1.
     */
    public static double[] of(int stages, List<ShardReport> reports) {
        double usual = usual(reports);
        double[] rates = new double[stages];
        for (ShardReport report : reports) {
            rates[report.stage()] += report.rate() > 0 ? report.rate() : usual;
        }
        return rates;
    }

    /** The mean rate of those whose rate is known; 1 while nobody's is. */
    static double usual(List<ShardReport> reports) {
        return reports.stream()
                .mapToDouble(ShardReport::rate)
                .filter(rate -> rate > 0)
                .average()
                .orElse(1);
    }

    /** The pipeline's rate: the smallest of its stages'. */
    public static double bottleneck(double[] stages) {
        return Arrays.stream(stages).min().orElse(0);
    }

    /**
     * What the slowest of {@code stages} stages gets when shards of these rates are spread well: the fastest first, each to
     * the stage that has least (longest processing time first). The best for equal rates; else at least 3/4 of the best
     * (Csirik, Kellerer and Woeginger 1992), mostly within a few per cent, and always possible.
     *
     * @param rates units of work a second, in any order
     */
    public static double spread(double[] rates, int stages) {
        double[] sorted = rates.clone();
        Arrays.sort(sorted);
        double[] sums = new double[stages];
        for (int i = sorted.length - 1; i >= 0; i--) {
            sums[least(sums)] += sorted[i];
        }
        return bottleneck(sums);
    }

    private static int least(double[] sums) {
        int least = 0;
        for (int stage = 1; stage < sums.length; stage++) {
            if (sums[stage] < sums[least]) {
                least = stage;
            }
        }
        return least;
    }
}
