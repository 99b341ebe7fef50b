package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * 256 buckets of equal width over six standard deviations round the mean (hivemind's Uniform8BitQuantization; the codec of
 * INTELLECT-1, arXiv 2412.01152): {@code s = 6 std / 256} with {@code std = |x - mean| / sqrt(n - 1)},
 * {@code code = clamp(rint((x - mean) / s) + 128, 0, 255)}, decoded as the mean of the numbers that fell in the bucket.
 * Numbers that do not differ all fall in bucket 128. Wire: see {@link Codebook}.
 */
record Uniform8() implements Codec {

    private static final int RANGE_IN_DEVIATIONS = 6;
    private static final int MIDDLE = 128;

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
        Moments moments = new Moments();
        moments.of(this, source, Lanes.address("numbers", source, source.length()), 0, source.length(), workers);
        float deviation = (float) Math.sqrt(moments.squares() / Math.max(1, source.length() - 1));
        float width = RANGE_IN_DEVIATIONS * deviation / Codebook.BUCKETS;
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
        return 10;
    }

    @Override
    public int[] wireParameters() {
        return new int[0];
    }
}
