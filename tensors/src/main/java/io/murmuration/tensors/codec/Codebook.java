package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What the 8-bit codecs with a codebook of bucket means share. Wire: 256 means as fp32, then one byte per number that says
 * in which bucket it fell.
 */
final class Codebook {

    static final int BUCKETS = 256;
    static final int BYTES = BUCKETS * Float.BYTES;

    /** Sums that are kept for every piece take 4 KiB. */
    private static final int MOST_PIECES = 64;

    /** Finds the buckets of the {@code count} numbers at an address; {@code room} is the room in {@code codes}. */
    @FunctionalInterface
    interface Buckets {
        void of(long address, int count, byte[] codes, Room room);
    }

    private record Scratch(byte[] codes, Room room) {
        Scratch(byte[] codes) {
            this(codes, Room.of(codes));
        }
    }

    private Codebook() {}

    static long encodedSize(long length) {
        return Math.addExact(length, BYTES);
    }

    /** Writes means and codes. Sums are fp64, in an order that follows from the length alone. */
    static void encode(Floats source, Room room, Workers workers, Buckets buckets) {
        long address = Lanes.address("numbers", source, source.length());
        Pieces pieces = Pieces.atMost(MOST_PIECES, source.length(), Blocks.LENGTH);
        double[][] sums = new double[pieces.count()][BUCKETS];
        long[][] counts = new long[pieces.count()][BUCKETS];
        pieces.run(workers, () -> new Scratch(new byte[Blocks.LENGTH]), (scratch, number, from, to) -> {
            for (long at = from; at < to; at += Blocks.LENGTH) {
                int count = (int) Math.min(Blocks.LENGTH, to - at);
                buckets.of(address + at * Float.BYTES, count, scratch.codes, scratch.room);
                add(address + at * Float.BYTES, count, scratch.codes, sums[number], counts[number]);
                MemorySegment.copy(scratch.codes, 0, room.segment(), ValueLayout.JAVA_BYTE, BYTES + at, count);
            }
        });
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            double sum = 0;
            long count = 0;
            for (int piece = 0; piece < sums.length; piece++) {
                sum += sums[piece][bucket];
                count += counts[piece][bucket];
            }
            room.put(count == 0 ? 0 : (float) (sum / count), (long) bucket * Float.BYTES);
        }
    }

    private static void add(long address, int count, byte[] codes, double[] sums, long[] counts) {
        for (int i = 0; i < count; i++) {
            int bucket = codes[i] & 0xff;
            sums[bucket] += Lanes.get(address + i * 4L);
            counts[bucket]++;
        }
    }

    /** @throws CodecException if a mean is not finite */
    static void decode(Codec codec, Room bytes, Floats target, Workers workers) {
        float[] means = bytes.segment().asSlice(0, BYTES).toArray(Blocks.FLOAT);
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            if (!Float.isFinite(means[bucket])) {
                throw new CodecException(
                        codec.name() + ": expected finite means, got " + means[bucket] + " for bucket " + bucket);
            }
        }
        long address = Lanes.address("numbers", target, target.length());
        Blocks.run(workers, target.length(), () -> new byte[Blocks.LENGTH], (codes, at, count) -> {
            MemorySegment.copy(bytes.segment(), ValueLayout.JAVA_BYTE, BYTES + at, codes, 0, count);
            lookUp(codes, count, means, address + at * Float.BYTES);
        });
    }

    private static void lookUp(byte[] codes, int count, float[] means, long address) {
        for (int i = 0; i < count; i++) {
            Lanes.set(address + i * 4L, means[codes[i] & 0xff]);
        }
    }
}
