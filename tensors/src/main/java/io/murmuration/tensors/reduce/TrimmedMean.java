package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.List;

/**
 * Per coordinate the mean without the f smallest and the f largest values (Yin et al., arXiv 1803.01498). Each coordinate of
 * the result lies among the honest values of it.
 */
public record TrimmedMean(int faults) implements RobustRule {

    public static final String NAME = "trimmed-mean";

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
                (piece, from, to) -> SortedColumns.meanOfRanks(vectors, faults, n - faults, target, from, to));
    }
}
