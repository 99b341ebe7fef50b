package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * CenteredClip (Karimireddy et al., arXiv 2012.10333; BTARD, arXiv 2106.11257): from the coordinate median on,
 *
 * <pre>
 * v := v + mean of (x_i - v) min(1, tau / |x_i - v|)
 * </pre>
 *
 * so that no vector moves the result by more than tau / n a step.
 *
 * @param radius tau, above 0
 * @param iterations at most so many, at least 1
 * @param tolerance a step not longer than this is the last one; 0 makes all iterations
 */
public record CenteredClip(int faults, double radius, int iterations, double tolerance) implements RobustRule {

    public static final String NAME = "centered-clip";

    private static final double RADIUS = 1;
    private static final int FEW = 20;
    private static final int MOST = 20_000;
    private static final double CONVERGED = 1e-6;

    public CenteredClip {
        if (!(radius > 0 && iterations >= 1 && tolerance >= 0)) {
            throw new IllegalArgumentException(
                    NAME + ": tau must be above 0, iterations at least 1 and the tolerance at least 0, were " + radius
                            + ", " + iterations + " and " + tolerance);
        }
    }

    /** tau 1 and 20 iterations. */
    public CenteredClip(int faults) {
        this(faults, RADIUS, FEW, 0);
    }

    /** Until a step is not longer than 1e-6, at most 20,000 of them. */
    public static CenteredClip converged(int faults, double radius) {
        return new CenteredClip(faults, radius, MOST, CONVERGED);
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
        new CoordinateMedian(faults).combine(vectors, target, workers);
        try (Arena arena = Arena.ofShared()) {
            Centre centre = new Centre(arena, target.length(), workers);
            centre.move(0, List.of(target), new double[] {1});
            double[] factors = new double[vectors.size()];
            for (int iteration = 0; iteration < iterations; iteration++) {
                double[] distances = centre.distances(vectors);
                double moved = 0;
                for (int i = 0; i < factors.length; i++) {
                    factors[i] = (distances[i] > radius ? radius / distances[i] : 1) / factors.length;
                    moved += factors[i];
                }
                if (centre.move(1 - moved, vectors, factors) <= tolerance) {
                    break;
                }
            }
            centre.round(target);
        }
    }
}
