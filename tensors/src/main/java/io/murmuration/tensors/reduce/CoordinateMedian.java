package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.List;

/**
 * The median per coordinate (Yin et al., arXiv 1803.01498); for an even n the mean of the two middle values. Each
 * coordinate of the result lies among the honest values of it.
 */
public record CoordinateMedian(int faults) implements RobustRule {

    public static final String NAME = "median";

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
        int n = vectors.size();
        Ranges.run(
                workers,
                target.length(),
                (piece, from, to) -> SortedColumns.meanOfRanks(vectors, (n - 1) / 2, n / 2 + 1, target, from, to));
    }
}
