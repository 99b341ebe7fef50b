package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * 256 buckets with about as many numbers in each (hivemind's Quantile8BitQuantization): borders are the quantiles 1/256 to
 * 255/256, linear between neighbours; a number on a border belongs to the bucket below; decoded as the mean of the numbers
 * that fell in the bucket. Of more than 100,000 numbers the quantiles are those of the 257 quantiles of every chunk of
 * 100,000 to 200,000 numbers. Wire: see {@link Codebook}.
 *
 * <p>Unlike other codecs it keeps a little for every chunk while it works: 1 KiB, 0.26 % of the chunk at most.
 */
record Quantile8() implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 11;

    /** Numbers whose quantiles are found exactly. */
    private static final int LEAST_CHUNK = 100_000;

    private static final int QUANTILES = Codebook.BUCKETS + 1;

    @Override
    public String name() {
        return "quantile8";
    }

    @Override
    public long encodedSize(long length) {
        return Codebook.encodedSize(length);
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room room = Room.of(this, source.length(), target);
        float[] borders = borders(source, workers);
        Codebook.encode(source, room, workers, (address, count, codes, codesRoom) -> {
            for (int i = 0; i < count; i++) {
                codes[i] = (byte) below(borders, Lanes.get(address + i * 4L));
            }
        });
        room.done(target);
    }

    /** How many of the 255 borders, which ascend, lie below a number. */
    private static int below(float[] borders, float number) {
        int count = 0;
        for (int step = Codebook.BUCKETS / 2; step > 0; step /= 2) {
            // All ones where the difference is negative: a branch would be guessed wrong half of the time.
            count += step & Float.floatToRawIntBits(borders[count + step - 1] - number) >> Integer.SIZE - 1;
        }
        return count;
    }

    private float[] borders(Floats source, Workers workers) {
        if (source.length() == 0) {
            return new float[Codebook.BUCKETS - 1]; // there is nothing to find quantiles of, and nothing to compare
        }
        long address = Lanes.address("numbers", source, source.length());
        Pieces chunks = new Pieces(source.length(), chunk(source.length()));
        float[] quantiles = new float[Math.multiplyExact(chunks.count(), QUANTILES)];
        int longest = (int) Math.min(source.length(), chunks.length());
        chunks.run(workers, () -> new float[longest], (sorted, number, from, to) -> {
            int count = (int) (to - from);
            Scan.finiteMagnitude(this, source, address, from, count);
            MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, from * Float.BYTES, sorted, 0, count);
            Arrays.sort(sorted, 0, count);
            for (int i = 0; i < QUANTILES; i++) {
                quantiles[number * QUANTILES + i] = quantile(sorted, count, i);
            }
        });
        Arrays.sort(quantiles);
        float[] borders = new float[Codebook.BUCKETS - 1];
        for (int i = 0; i < borders.length; i++) {
            borders[i] = quantile(quantiles, quantiles.length, i + 1);
        }
        return borders;
    }

    /** The least number of at least 100,000 for which no chunk but the last falls short of the others by much. */
    private static int chunk(long length) {
        if (length <= LEAST_CHUNK) {
            return LEAST_CHUNK;
        }
        long chunks = length / LEAST_CHUNK;
        long left = length % LEAST_CHUNK;
        return (int) (LEAST_CHUNK + Math.ceilDiv(left, chunks));
    }

    /** The quantile {@code number / 256} of the first {@code count} of ascending numbers. */
    private static float quantile(float[] sorted, int count, int number) {
        double position = (double) number / Codebook.BUCKETS * (count - 1);
        int below = (int) position;
        int above = Math.min(below + 1, count - 1);
        return (float) (sorted[below] + ((double) sorted[above] - sorted[below]) * (position - below));
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room bytes = Room.filled(this, target.length(), source);
        Codebook.decode(this, bytes, target, workers);
        bytes.done(source);
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[0];
    }
}
