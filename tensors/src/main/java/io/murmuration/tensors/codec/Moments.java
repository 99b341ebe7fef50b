package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;

/**
 * Mean and squared deviation of a run of numbers, summed in fp64 in a fixed order, whoever computes them. Numbers near the
 * end of the fp32 range are scaled down by a power of two, so that no difference overflows. Mutable, so that one can serve
 * many rows.
 */
final class Moments {

    /** Bits of 2^122: six times a deviation of larger numbers might overflow. */
    private static final int LARGE = Float.floatToRawIntBits(0x1p122f);

    private static final float SCALED_DOWN = 0x1p-8f;

    /** Sums of pieces that are kept: 12 KiB. */
    private static final int MOST_PIECES = 1024;

    private final boolean centred;
    private float factor;
    private float mean;
    private double squares;

    Moments() {
        this(true);
    }

    /** @param centred whether the mean is found; else 0 is taken for it, and deviations are those from 0 */
    Moments(boolean centred) {
        this.centred = centred;
    }

    /** What numbers are multiplied by first: 1, or 2^-8. */
    float factor() {
        return factor;
    }

    /** Mean of the scaled numbers, rounded to fp32; 0 if it was not to be found. */
    float mean() {
        return mean;
    }

    /** Sum of the squares of (scaled number - mean), each difference rounded to fp32. */
    double squares() {
        return squares;
    }

    /**
     * Takes those of the {@code count} numbers from index {@code from} on, at most one piece.
     *
     * @param address of the first number of the source
     * @throws CodecException if one of them is not finite
     */
    void of(Codec codec, Floats source, long address, long from, int count) {
        int magnitude = Scan.finiteMagnitude(codec, source, address, from, count);
        centre(magnitude, sum(address, from, from + count), count);
        squares = squares(address, from, from + count);
    }

    /** Takes those of a run of any length, which workers share. */
    void of(Codec codec, Floats source, long address, long from, long count, Workers workers) {
        Pieces pieces = Pieces.atMost(MOST_PIECES, count, Blocks.LENGTH);
        double[] sums = new double[pieces.count()];
        int[] magnitudes = new int[sums.length];
        pieces.run(workers, () -> sums, (same, number, first, end) -> {
            for (long at = first; at < end; at += Blocks.LENGTH) {
                int length = (int) Math.min(Blocks.LENGTH, end - at);
                int bits = Scan.finiteMagnitude(codec, source, address, from + at, length);
                magnitudes[number] = Math.max(magnitudes[number], bits);
                sums[number] += Sums.numbers(address + (from + at) * Float.BYTES, length);
            }
        });
        int magnitude = 0;
        double sum = 0;
        for (int i = 0; i < sums.length; i++) {
            magnitude = Math.max(magnitude, magnitudes[i]);
            sum += sums[i];
        }
        centre(magnitude, sum, count);
        pieces.run(workers, () -> sums, (same, number, first, end) -> {
            sums[number] = squares(address, from + first, from + end);
        });
        squares = 0;
        for (double part : sums) {
            squares += part;
        }
    }

    private void centre(int magnitude, double sum, long count) {
        factor = magnitude > LARGE ? SCALED_DOWN : 1;
        mean = centred ? (float) (sum / count * factor) : 0;
    }

    private static double sum(long address, long from, long to) {
        double sum = 0;
        for (long at = from; at < to; at += Blocks.LENGTH) {
            sum += Sums.numbers(address + at * Float.BYTES, (int) Math.min(Blocks.LENGTH, to - at));
        }
        return sum;
    }

    private double squares(long address, long from, long to) {
        double sum = 0;
        for (long at = from; at < to; at += Blocks.LENGTH) {
            int count = (int) Math.min(Blocks.LENGTH, to - at);
            sum += Sums.squaredDeviations(address + at * Float.BYTES, count, factor, mean);
        }
        return sum;
    }
}
