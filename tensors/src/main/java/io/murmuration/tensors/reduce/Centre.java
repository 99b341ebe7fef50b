package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The point that an iterative rule moves, in fp64: in fp32 the rounding of a million coordinates is larger than the steps
 * at which such rules are said to have converged. Memory: 8 bytes per number while the rule runs.
 */
final class Centre {

    private static final int BLOCK = 1024;

    private final MemorySegment numbers;
    private final long length;
    private final Workers workers;

    Centre(Arena arena, long length, Workers workers) {
        this.numbers = arena.allocate(length * Double.BYTES, Floats.ALIGNMENT_BYTES);
        this.length = length;
        this.workers = workers;
    }

    /** Distance of every vector from here. */
    double[] distances(List<Floats> vectors) {
        double[] distances = Distances.toCentre(vectors, numbers, workers);
        for (int i = 0; i < distances.length; i++) {
            distances[i] = Math.sqrt(distances[i]);
        }
        return distances;
    }

    /**
     * {@code centre := keep * centre + sum of factor_i vector_i}, added in order.
     *
     * @return how far the centre moved
     */
    double move(double keep, List<Floats> vectors, double[] factors) {
        double[] partials = new double[Ranges.pieces(length)];
        Ranges.run(workers, length, (piece, from, to) -> {
            double[] old = new double[BLOCK];
            double[] sum = new double[BLOCK];
            float[] block = new float[BLOCK];
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                MemorySegment.copy(numbers, ValueLayout.JAVA_DOUBLE, at * Double.BYTES, old, 0, count);
                for (int k = 0; k < count; k++) {
                    sum[k] = keep * old[k];
                }
                for (int i = 0; i < factors.length; i++) {
                    MemorySegment.copy(
                            vectors.get(i).segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, block, 0, count);
                    WeightedMean.addTo(sum, block, factors[i], count);
                }
                MemorySegment.copy(sum, 0, numbers, ValueLayout.JAVA_DOUBLE, at * Double.BYTES, count);
                for (int k = 0; k < count; k++) {
                    partials[piece] += (sum[k] - old[k]) * (sum[k] - old[k]);
                }
            }
        });
        double squared = 0;
        for (double partial : partials) {
            squared += partial;
        }
        return Math.sqrt(squared);
    }

    /** Rounds the centre to fp32. */
    void round(Floats target) {
        Ranges.run(workers, length, (piece, from, to) -> {
            double[] exact = new double[BLOCK];
            float[] rounded = new float[BLOCK];
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                MemorySegment.copy(numbers, ValueLayout.JAVA_DOUBLE, at * Double.BYTES, exact, 0, count);
                for (int k = 0; k < count; k++) {
                    rounded[k] = (float) exact[k];
                }
                MemorySegment.copy(rounded, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
            }
        });
    }
}
