package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The squared L2 norm, the same bits everywhere. The vector is cut in chunks of {@link #CHUNK}; within a chunk number i
 * goes to fp64 accumulator i mod 8, the eight are added as ((0+4)+(2+6)) + ((1+5)+(3+7)), and chunks are added in order.
 * So chunks may be computed by any thread.
 */
public final class Norms {

    /** Numbers per chunk. */
    public static final int CHUNK = 4096;

    private Norms() {}

    /** Sum of the squares of all numbers, in fp64. */
    public static double squaredNorm(Floats numbers) {
        double[] partials = new double[chunks(numbers)];
        partials(numbers, 0, partials.length, partials);
        return sum(partials);
    }

    /** Chunks that a vector has; the last may be shorter. */
    public static int chunks(Floats numbers) {
        return Math.toIntExact(Math.ceilDiv(numbers.length(), (long) CHUNK));
    }

    /** Writes the sums of squares of the chunks from {@code fromChunk} to before {@code toChunk} to their places. */
    public static void partials(Floats numbers, int fromChunk, int toChunk, double[] partials) {
        float[] block = new float[(int) Math.min(CHUNK, numbers.length())];
        for (int chunk = fromChunk; chunk < toChunk; chunk++) {
            long at = (long) chunk * CHUNK;
            int count = (int) Math.min(CHUNK, numbers.length() - at);
            MemorySegment.copy(numbers.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, block, 0, count);
            partials[chunk] = sumOfSquares(block, count);
        }
    }

    /** Adds in order. */
    public static double sum(double[] partials) {
        double sum = 0;
        for (double partial : partials) {
            sum += partial;
        }
        return sum;
    }

    private static double sumOfSquares(float[] x, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double s5 = 0;
        double s6 = 0;
        double s7 = 0;
        int whole = count - count % 8;
        for (int i = 0; i < whole; i += 8) { // a square of an fp32 number is exact in fp64
            s0 += (double) x[i] * x[i];
            s1 += (double) x[i + 1] * x[i + 1];
            s2 += (double) x[i + 2] * x[i + 2];
            s3 += (double) x[i + 3] * x[i + 3];
            s4 += (double) x[i + 4] * x[i + 4];
            s5 += (double) x[i + 5] * x[i + 5];
            s6 += (double) x[i + 6] * x[i + 6];
            s7 += (double) x[i + 7] * x[i + 7];
        }
        double[] tail = {s0, s1, s2, s3, s4, s5, s6, s7};
        for (int i = whole; i < count; i++) {
            tail[i - whole] += (double) x[i] * x[i];
        }
        return ((tail[0] + tail[4]) + (tail[2] + tail[6])) + ((tail[1] + tail[5]) + (tail[3] + tail[7]));
    }
}
