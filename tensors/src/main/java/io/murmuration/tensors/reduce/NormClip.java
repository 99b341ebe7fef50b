package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.optim.Norms;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The mean of vectors that are shortened to a norm first (Sun et al., arXiv 1911.07963; to the median norm in SparseLoCo,
 * arXiv 2508.15706). It takes the size from an attack and leaves its direction.
 *
 * @param longest the norm; empty: the median of the vectors' norms, for an even n the mean of the two middle ones
 */
public record NormClip(int faults, OptionalDouble longest) implements RobustRule {

    public static final String NAME = "norm-clip";

    public NormClip {
        if (longest.isPresent() && !(longest.getAsDouble() > 0)) {
            throw new IllegalArgumentException(
                    NAME + ": the longest norm must be above 0, was " + longest.getAsDouble());
        }
    }

    /** To the median norm. */
    public NormClip(int faults) {
        this(faults, OptionalDouble.empty());
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
        double[] norms = new double[vectors.size()];
        workers.run(norms.length, i -> norms[i] = Math.sqrt(Norms.squaredNorm(vectors.get(i))));
        double limit = longest.orElseGet(() -> median(norms));
        double[] factors = new double[norms.length];
        for (int i = 0; i < norms.length; i++) {
            factors[i] = norms[i] > limit ? limit / norms[i] : 1;
        }
        WeightedMean.combine(vectors, factors, factors.length, target, workers);
    }

    private static double median(double[] norms) {
        double[] sorted = norms.clone();
        Arrays.sort(sorted);
        return (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
    }
}
