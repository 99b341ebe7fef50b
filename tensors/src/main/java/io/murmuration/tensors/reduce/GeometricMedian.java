package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.List;

/**
 * The geometric median by the smoothed Weiszfeld algorithm (RFA, Pillutla et al., arXiv 1912.13445): from the mean on,
 *
 * <pre>
 * w_i = 1 / max(nu, |x_i - z|)        z := sum w_i x_i / sum w_i
 * </pre>
 *
 * @param smoothing nu, above 0; keeps a weight finite where the centre meets a vector
 * @param iterations exactly so many, at least 1
 */
public record GeometricMedian(int faults, double smoothing, int iterations) implements RobustRule {

    public static final String NAME = "geometric-median";

    private static final double SMOOTHING = 0.1;
    /** Weiszfeld converges linearly; a hundred steps leave less than fp32 shows in all the reference cases. */
    private static final int ITERATIONS = 100;

    public GeometricMedian {
        if (!(smoothing > 0 && iterations >= 1)) {
            throw new IllegalArgumentException(NAME + ": smoothing must be above 0 and iterations at least 1, were "
                    + smoothing + " and " + iterations);
        }
    }

    /** nu 0.1 and 100 iterations. */
    public GeometricMedian(int faults) {
        this(faults, SMOOTHING, ITERATIONS);
    }

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Bound bound() {
        return Bound.MAJORITY;
    }

    @Override
    public void combine(List<Floats> vectors, Floats target, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            Centre centre = new Centre(arena, target.length(), workers);
            double[] weights = new double[vectors.size()];
            Arrays.fill(weights, 1.0 / weights.length);
            centre.move(0, vectors, weights);
            for (int iteration = 0; iteration < iterations; iteration++) {
                double[] distances = centre.distances(vectors);
                double sum = 0;
                for (int i = 0; i < weights.length; i++) {
                    weights[i] = 1 / Math.max(smoothing, distances[i]);
                    sum += weights[i];
                }
                for (int i = 0; i < weights.length; i++) {
                    weights[i] /= sum;
                }
                centre.move(0, vectors, weights);
            }
            centre.round(target);
        }
    }
}
