package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Multi-Krum (Blanchard et al., arXiv 1703.02757): the mean of the n - f vectors with the least scores of {@link Krum}. */
public record MultiKrum(int faults) implements RobustRule {

    public static final String NAME = "multi-krum";

    @Override
    public String name() {
        return NAME;
    }

    @Override
    public Bound bound() {
        return Krum.BOUND;
    }

    @Override
    public void combine(List<Floats> vectors, Floats target, Workers workers) {
        WeightedMean.of(choose(vectors, workers).stream().map(vectors::get).toList(), target, workers);
    }

    /** Indexes of the vectors that are averaged, ascending; of equal scores the first. */
    public List<Integer> choose(List<Floats> vectors, Workers workers) {
        double[] scores = Krum.scores(vectors, faults, workers);
        return IntStream.range(0, scores.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> scores[i])) // stable: ties stay in order
                .limit(scores.length - (long) faults)
                .sorted()
                .toList();
    }
}
