package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/** The arithmetic of {@link PowerSgd} on rows and columns, in fixed orders. */
final class LowRank {

    /** A column of which no more than this share is left by the columns before it is a sum of them. */
    private static final double DEPENDENT = 0x1p-40;

    private static final int LANES = 8;

    private LowRank() {}

    /** Number i goes to sum i mod 8; the eight are added as ((0+4)+(2+6)) + ((1+5)+(3+7)). */
    static float dot(float[] x, float[] y, int from) {
        float[] sums = new float[LANES];
        int whole = x.length - x.length % LANES;
        for (int i = 0; i < whole; i += LANES) {
            for (int lane = 0; lane < LANES; lane++) {
                sums[lane] += x[i + lane] * y[from + i + lane];
            }
        }
        for (int i = whole; i < x.length; i++) {
            sums[i - whole] += x[i] * y[from + i];
        }
        return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
    }

    /**
     * Gram-Schmidt, column by column, twice: once leaves of nearly dependent columns what is not orthogonal. A column that
     * depends on those before it becomes zero.
     *
     * @param p {@code [rows, rank]}, row by row
     */
    static void orthonormalise(float[] p, int rows, int rank) {
        double[][] vectors = new double[rank][rows];
        for (int column = 0; column < rank; column++) {
            double[] vector = vectors[column];
            for (int row = 0; row < rows; row++) {
                vector[row] = p[row * rank + column];
            }
            double before = norm(vector);
            for (int pass = 0; pass < 2; pass++) {
                for (int earlier = 0; earlier < column; earlier++) {
                    addScaled(-dot(vectors[earlier], vector), vectors[earlier], vector);
                }
                double after = norm(vector);
                if (after > before * DEPENDENT) {
                    for (int row = 0; row < rows; row++) {
                        vector[row] /= after;
                    }
                    before = 1;
                } else {
                    Arrays.fill(vector, 0);
                }
            }
            for (int row = 0; row < rows; row++) {
                p[row * rank + column] = (float) vector[row];
            }
        }
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    private static double norm(double[] vector) {
        return Math.sqrt(dot(vector, vector));
    }

    private static void addScaled(double factor, double[] term, double[] sum) {
        for (int i = 0; i < sum.length; i++) {
            sum[i] += factor * term[i];
        }
    }

    /** {@code sums := sums + factor terms}. */
    static void addScaled(float factor, float[] terms, int from, float[] sums) {
        for (int i = 0; i < sums.length; i++) {
            sums[i] += factor * terms[from + i];
        }
    }

    static boolean isZero(float[] numbers) {
        for (float number : numbers) {
            if (number != 0) {
                return false;
            }
        }
        return true;
    }

    /** {@code out := factor x}. */
    static void scale(Floats out, Floats x, float factor) {
        Chunkwise.run(
                1,
                (chunks, count) -> {
                    for (int i = 0; i < count; i++) {
                        chunks[0][i] = factor * chunks[1][i];
                    }
                },
                out,
                x);
    }

    static float[] read(Floats source, long at, int count) {
        float[] numbers = new float[count];
        read(source, at, numbers, count);
        return numbers;
    }

    static void read(Floats source, long at, float[] numbers, int count) {
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, numbers, 0, count);
    }

    static void write(float[] numbers, int count, Floats target, long at) {
        MemorySegment.copy(numbers, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
    }
}
