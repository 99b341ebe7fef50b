package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** Means over vectors: products and sums in fp64 in the order given, one division, rounded to fp32 once. */
public final class WeightedMean {

    private static final int BLOCK = 1024;

    private WeightedMean() {}

    /**
     * {@code target := sum of weight_i vector_i / sum of weight_i}.
     *
     * @param vectors at least one, all as long as the target; the order that all replicas agree on
     * @param weights one per vector, at least 0 and finite, not all 0
     */
    public static void of(List<Floats> vectors, double[] weights, Floats target, Workers workers) {
        if (weights.length != vectors.size()) {
            throw new IllegalArgumentException(
                    "expected a weight for each of " + vectors.size() + " vectors, got " + weights.length);
        }
        double total = 0;
        for (double weight : weights) {
            if (!(weight >= 0 && weight <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException("expected finite weights of at least 0, got " + weight);
            }
            total += weight;
        }
        if (!(total > 0 && total <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("expected weights with a finite sum above 0, got " + total);
        }
        combine(vectors, weights, total, target, workers);
    }

    /** The plain mean. */
    static void of(List<Floats> vectors, Floats target, Workers workers) {
        double[] ones = new double[vectors.size()];
        Arrays.fill(ones, 1);
        of(vectors, ones, target, workers);
    }

    /** {@code target := sum of factor_i vector_i / divisor}. The target may be one of the vectors. */
    static void combine(List<Floats> vectors, double[] factors, double divisor, Floats target, Workers workers) {
        for (Floats vector : vectors) {
            if (vector.length() != target.length()) {
                throw new IllegalArgumentException(
                        "expected vectors of " + target.length() + " numbers, got " + vector.length());
            }
        }
        Ranges.run(workers, target.length(), (piece, from, to) -> {
            double[] sums = new double[BLOCK];
            float[] block = new float[BLOCK];
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                Arrays.fill(sums, 0);
                for (int i = 0; i < factors.length; i++) {
                    MemorySegment.copy(
                            vectors.get(i).segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, block, 0, count);
                    addTo(sums, block, factors[i], count);
                }
                divide(sums, divisor, block, count);
                MemorySegment.copy(block, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
            }
        });
    }

    static void addTo(double[] sums, float[] block, double factor, int count) {
        for (int i = 0; i < count; i++) {
            sums[i] += factor * block[i];
        }
    }

    private static void divide(double[] sums, double divisor, float[] block, int count) {
        for (int i = 0; i < count; i++) {
            block[i] = (float) (sums[i] / divisor);
        }
    }
}
