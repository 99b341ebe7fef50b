package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.Arrays;
import java.util.List;

/**
 * Krum (Blanchard et al., NeurIPS 2017, arXiv 1703.02757): the vector with the least sum of squared distances to its n - f - 2
 * nearest others; of equal ones the first. The result is one of the vectors, bit for bit.
 */
public record Krum(int faults) implements RobustRule {

    public static final String NAME = "krum";

    /** Blanchard's condition, 2 f + 2 < n. */
    static final Bound BOUND = new Bound(2, 3);

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Bound bound() {
        return BOUND;
    }

    @Override
    public void combine(List<Floats> vectors, Floats target, Workers workers) {
        target.copyFrom(vectors.get(choose(vectors, workers)));
    }

    /** Index of the vector that Krum takes. */
    public int choose(List<Floats> vectors, Workers workers) {
        return least(scores(vectors, faults, workers));
    }

    /** Krum's score of every vector: sums of squared distances, in fp64. */
    public static double[] scores(List<Floats> vectors, int faults, Workers workers) {
        new Krum(faults).require(vectors.size());
        boolean[] all = new boolean[vectors.size()];
        Arrays.fill(all, true);
        return scores(Distances.pairs(vectors, workers), all, vectors.size() - faults - 2);
    }

    /**
     * Scores among those that remain; infinite for the others. Distances are added in ascending order, so equal sets of
     * distances give equal scores.
     */
    static double[] scores(double[][] distances, boolean[] remaining, int neighbours) {
        double[] scores = new double[remaining.length];
        double[] others = new double[remaining.length];
        for (int i = 0; i < remaining.length; i++) {
            scores[i] = Double.POSITIVE_INFINITY;
            if (remaining[i]) {
                int count = 0;
                for (int j = 0; j < remaining.length; j++) {
                    if (remaining[j] && j != i) {
                        others[count++] = distances[i][j];
                    }
                }
                Arrays.sort(others, 0, count);
                scores[i] = 0;
                for (int k = 0; k < Math.min(neighbours, count); k++) {
                    scores[i] += others[k];
                }
            }
        }
        return scores;
    }

    static int least(double[] scores) {
        int least = 0;
        for (int i = 1; i < scores.length; i++) {
            if (scores[i] < scores[least]) {
                least = i;
            }
        }
        return least;
    }
}
