package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Lanes;

/**
 * Sums in fp64, the same bits everywhere: number i of a run goes to accumulator i mod 4, those behind the last whole four to the first, and the four are added as (0 + 1)
 * + (2 + 3). Runs are as long as a codec's block, or {@link Blocks#LENGTH}; longer ones are added run by run, in order.
 */
final class Sums {

    private static final int ACCUMULATORS = 4;

    private Sums() {}

    /** Sum of the {@code count} numbers at an address. */
    static double numbers(long address, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int whole = count - count % ACCUMULATORS;
        for (int i = 0; i < whole; i += ACCUMULATORS) {
            s0 += Lanes.get(address + i * 4L);
            s1 += Lanes.get(address + i * 4L + 4);
            s2 += Lanes.get(address + i * 4L + 8);
            s3 += Lanes.get(address + i * 4L + 12);
        }
        for (int i = whole; i < count; i++) {
            s0 += Lanes.get(address + i * 4L);
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** Sum of their magnitudes. */
    static double magnitudes(long address, int count) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int whole = count - count % ACCUMULATORS;
        for (int i = 0; i < whole; i += ACCUMULATORS) {
            s0 += Math.abs(Lanes.get(address + i * 4L));
            s1 += Math.abs(Lanes.get(address + i * 4L + 4));
            s2 += Math.abs(Lanes.get(address + i * 4L + 8));
            s3 += Math.abs(Lanes.get(address + i * 4L + 12));
        }
        for (int i = whole; i < count; i++) {
            s0 += Math.abs(Lanes.get(address + i * 4L));
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** Sum of the squares of {@code x * factor - mean}, the difference rounded to fp32. */
    static double squaredDeviations(long address, int count, float factor, float mean) {
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int whole = count - count % ACCUMULATORS;
        for (int i = 0; i < whole; i += ACCUMULATORS) {
            double d0 = Lanes.get(address + i * 4L) * factor - mean;
            double d1 = Lanes.get(address + i * 4L + 4) * factor - mean;
            double d2 = Lanes.get(address + i * 4L + 8) * factor - mean;
            double d3 = Lanes.get(address + i * 4L + 12) * factor - mean;
            s0 += d0 * d0;
            s1 += d1 * d1;
            s2 += d2 * d2;
            s3 += d3 * d3;
        }
        for (int i = whole; i < count; i++) {
            double d0 = Lanes.get(address + i * 4L) * factor - mean;
            s0 += d0 * d0;
        }
        return (s0 + s1) + (s2 + s3);
    }
}
