package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * 256 buckets of equal width over some standard deviations round the mean: {@code s = range std / 256} with {@code std = |x -
 * mean| / sqrt(n - 1)}, {@code code = clamp(rint((x - mean) / s) + 128, 0, 255)}, decoded as the mean of the numbers that
 * fell in the bucket. Where s is 0 all fall in bucket 128. Wire: see {@link Codebook}.
 *
 * <p>6, centred, is hivemind's Uniform8BitQuantization. INTELLECT-1 (arXiv 2412.01152) has two forms: its paper says mean +-
 * 6 deviations, which is 12, centred; its code takes the mean as 0 and buckets of 6 std / 256, which is 6, not centred.
 *
 * @param range standard deviations that the buckets span, 3 to 32; what lies beyond falls in the buckets at the ends
 * @param centred 1 to find the mean, 0 to take 0 for it, in {@code std} too; a number since it travels as one
 */
record Uniform8(int range, int centred) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 10;

    static final int USUAL_RANGE = 6;
    static final int CENTRED = 1;

    /** With fewer, a number among 2^31 could lie more buckets from the mean than the quantiser can count. */
    private static final int LEAST_RANGE = 3;

    /** With more, range times deviation could overflow. */
    private static final int LARGEST_RANGE = 32;

    private static final int MIDDLE = 128;

    Uniform8 {
        if (range < LEAST_RANGE || range > LARGEST_RANGE || (centred != 0 && centred != CENTRED)) {
            throw new CodecException("uniform8: expected a range of " + LEAST_RANGE + " to " + LARGEST_RANGE
                    + " deviations and 1 for centred or 0, got " + range + " and " + centred);
        }
    }

    @Override
    public String name() {
        return "uniform8";
    }

    @Override
    public long encodedSize(long length) {
        return Codebook.encodedSize(length);
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room room = Room.of(this, source.length(), target);
        Moments moments = new Moments(centred == CENTRED);
        moments.of(this, source, Lanes.address("numbers", source, source.length()), 0, source.length(), workers);
        float deviation = (float) Math.sqrt(moments.squares() / Math.max(1, source.length() - 1));
        float width = range * deviation / Codebook.BUCKETS;
        Codebook.encode(source, room, workers, (address, count, codes, codesRoom) -> {
            if (width == 0) {
                Arrays.fill(codes, 0, count, (byte) MIDDLE);
            } else if (moments.factor() == 1) {
                Quantiser.encode(address, count, moments.mean(), width, -MIDDLE, MIDDLE - 1, MIDDLE, codesRoom, 0);
            } else {
                scaledCodes(address, count, moments, width, codes);
            }
        });
        room.done(target);
    }

    private static void scaledCodes(long address, int count, Moments moments, float width, byte[] codes) {
        for (int i = 0; i < count; i++) {
            float centred = Lanes.get(address + i * 4L) * moments.factor() - moments.mean();
            codes[i] = (byte) (Quantiser.code(centred / width, -MIDDLE, MIDDLE - 1) + MIDDLE);
        }
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
        return new int[] {range, centred};
    }
}
