package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Squared Euclidean distances in fp64. Within a block, difference i goes to accumulator i mod 8; the eight are added in
 * order, then blocks, then pieces: the same bits for any vector width and any number of threads.
 */
final class Distances {

    /** Two blocks of doubles fit the first-level cache, 16 of them the second. */
    private static final int BLOCK = 1024;

    private static final int LANES = 8;
    private static final VectorSpecies<Double> SPECIES =
            DoubleVector.SPECIES_PREFERRED.length() > LANES ? DoubleVector.SPECIES_512 : DoubleVector.SPECIES_PREFERRED;
    private static final int WIDTH = SPECIES.length();

    private Distances() {}

    /** The distance of every pair, computed once and so exactly symmetric; row i, column j. */
    static double[][] pairs(List<Floats> vectors, Workers workers) {
        int n = vectors.size();
        long length = vectors.getFirst().length();
        double[][][] partials = new double[Ranges.pieces(length)][n][n];
        Ranges.run(workers, length, (piece, from, to) -> {
            double[][] blocks = new double[n][BLOCK];
            float[] numbers = new float[BLOCK];
            double[] lanes = new double[LANES];
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                for (int i = 0; i < n; i++) {
                    load(vectors.get(i), at, numbers, blocks[i], count);
                }
                for (int i = 0; i < n; i++) {
                    for (int j = i + 1; j < n; j++) {
                        partials[piece][i][j] += squared(blocks[i], blocks[j], lanes);
                    }
                }
            }
        });
        double[][] distances = new double[n][n];
        for (double[][] partial : partials) {
            for (int i = 0; i < n; i++) {
                for (int j = i + 1; j < n; j++) {
                    distances[i][j] += partial[i][j];
                    distances[j][i] = distances[i][j];
                }
            }
        }
        return distances;
    }

    /** The distance of every vector from a centre of doubles. */
    static double[] toCentre(List<Floats> vectors, MemorySegment centre, Workers workers) {
        int n = vectors.size();
        long length = vectors.getFirst().length();
        double[][] partials = new double[Ranges.pieces(length)][n];
        Ranges.run(workers, length, (piece, from, to) -> {
            double[] middle = new double[BLOCK];
            double[] block = new double[BLOCK];
            float[] numbers = new float[BLOCK];
            double[] lanes = new double[LANES];
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                MemorySegment.copy(centre, ValueLayout.JAVA_DOUBLE, at * Double.BYTES, middle, 0, count);
                clear(middle, count);
                for (int i = 0; i < n; i++) {
                    load(vectors.get(i), at, numbers, block, count);
                    partials[piece][i] += squared(block, middle, lanes);
                }
            }
        });
        double[] distances = new double[n];
        for (double[] partial : partials) {
            for (int i = 0; i < n; i++) {
                distances[i] += partial[i];
            }
        }
        return distances;
    }

    private static void load(Floats vector, long at, float[] numbers, double[] block, int count) {
        MemorySegment.copy(vector.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, numbers, 0, count);
        for (int i = 0; i < count; i++) {
            block[i] = numbers[i];
        }
        clear(block, count);
    }

    /** Equal numbers beyond the end add nothing to a distance. */
    private static void clear(double[] block, int count) {
        for (int i = count; i < BLOCK; i++) {
            block[i] = 0;
        }
    }

    private static double squared(double[] left, double[] right, double[] lanes) {
        for (int lane = 0; lane < LANES; lane += WIDTH) {
            strided(left, right, lane).intoArray(lanes, lane);
        }
        double sum = 0;
        for (double lane : lanes) {
            sum += lane;
        }
        return sum;
    }

    private static DoubleVector strided(double[] left, double[] right, int lane) {
        DoubleVector sum = DoubleVector.zero(SPECIES);
        for (int i = lane; i < BLOCK; i += LANES) {
            DoubleVector difference =
                    DoubleVector.fromArray(SPECIES, left, i).sub(DoubleVector.fromArray(SPECIES, right, i));
            sum = difference.mul(difference).add(sum);
        }
        return sum;
    }
}
