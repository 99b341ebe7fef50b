package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Linear 8-bit codes between the smallest and the largest number of a chunk: {@code scale = (max - min) / 255},
 * {@code code = clamp(rint((x - min) / scale), 0, 255)}, decoded as {@code min + code * scale}; a scale of 0 gives codes
 * 0. So a chunk whose numbers are all negative spends no codes on numbers above them. Every operation is one fp32
 * operation rounded once, {@code rint} rounds half to even. Wire: for every chunk the minimum and the scale as fp32, then
 * one unsigned byte per number.
 *
 * <p>Where {@code max - min} is beyond the fp32 range, {@code scale = max / 255 - min / 255}, and codes are found in fp64.
 *
 * @param chunk numbers per chunk; the last chunk may be shorter
 */
record MinMax8(int chunk) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 5;

    static final int USUAL_CHUNK = 1024;
    static final int LARGEST_CHUNK = 65_536;

    private static final int LARGEST_CODE = 255;

    /** Minimum and scale. */
    private static final int HEAD_BYTES = 2 * Float.BYTES;

    MinMax8 {
        Blocks.requireBlock("minmax8", chunk, 1, LARGEST_CHUNK);
    }

    @Override
    public String name() {
        return "minmax8";
    }

    @Override
    public long encodedSize(long length) {
        return Math.addExact(length, Math.multiplyExact(Math.ceilDiv(length, (long) chunk), (long) HEAD_BYTES));
    }

    /** Where the bytes of the chunk begin whose first number has this index. */
    private long place(long at) {
        return at + at / chunk * HEAD_BYTES;
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room room = Room.of(this, source.length(), target);
        long address = Lanes.address("numbers", source, source.length());
        Blocks.run(workers, source.length(), chunk, (at, count) -> {
            long from = address + at * Float.BYTES;
            long range = range(from, count);
            float min = inOrder((int) (range >> Integer.SIZE));
            float max = inOrder((int) range);
            if (!(min >= -Float.MAX_VALUE && max <= Float.MAX_VALUE)) {
                throw Scan.notFinite(this, source, at);
            }
            encode(from, count, min, max, room, place(at));
        });
        room.done(target);
    }

    private static void encode(long from, int count, float min, float max, Room room, long to) {
        boolean ordinary = Float.isFinite(max - min);
        float scale = ordinary ? (max - min) / LARGEST_CODE : max / LARGEST_CODE - min / LARGEST_CODE;
        room.put(min, to);
        room.put(scale, to + Float.BYTES);
        if (scale == 0) {
            room.segment().asSlice(to + HEAD_BYTES, count).fill((byte) 0);
        } else if (ordinary) {
            Quantiser.encode(from, count, min, scale, 0, LARGEST_CODE, 0, room, to + HEAD_BYTES);
        } else {
            for (int i = 0; i < count; i++) {
                double code = Math.rint(((double) Lanes.get(from + i * 4L) - min) / scale);
                room.put((byte) Math.min(code, LARGEST_CODE), to + HEAD_BYTES + i);
            }
        }
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room bytes = Room.filled(this, target.length(), source);
        long address = Lanes.address("numbers", target, target.length());
        Blocks.run(workers, target.length(), chunk, (at, count) -> {
            long place = place(at);
            float min = bytes.getFloat(place);
            float scale = bytes.getFloat(place + Float.BYTES);
            if (!Float.isFinite(min)) {
                throw new CodecException("minmax8: expected a finite minimum, got " + min + " for chunk " + at / chunk);
            }
            Blocks.requireScale(this, "scale", scale, at / chunk);
            if (scale == 0) {
                Blocks.requireOnly(this, bytes, place + HEAD_BYTES, count, 0, at / chunk);
            }
            Quantiser.decodeUnsigned(bytes, place + HEAD_BYTES, count, min, scale, address + at * Float.BYTES);
        });
        bytes.done(source);
    }

    /**
     * Smallest (upper half) and largest (lower half) number of a chunk as integers in the order of the numbers; NaN lies
     * beyond the infinity of its sign.
     */
    private static long range(long address, int count) {
        IntVector least = IntVector.broadcast(Scan.INTS, Integer.MAX_VALUE);
        IntVector most = IntVector.broadcast(Scan.INTS, Integer.MIN_VALUE);
        int whole = count - count % Scan.WIDTH;
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            IntVector bits = Lanes.load(address + i * 4L).reinterpretAsInts();
            IntVector ordered = bits.lanewise(VectorOperators.ASHR, Integer.SIZE - 1)
                    .and(Scan.MAGNITUDES)
                    .lanewise(VectorOperators.XOR, bits);
            least = least.min(ordered);
            most = most.max(ordered);
        }
        int min = least.reduceLanes(VectorOperators.MIN);
        int max = most.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < count; i++) {
            int ordered = ordered(Scan.bits(address + i * 4L));
            min = Math.min(min, ordered);
            max = Math.max(max, ordered);
        }
        return (long) min << Integer.SIZE | Integer.toUnsignedLong(max);
    }

    /** Negative numbers with their magnitude turned round; its own inverse. */
    private static int ordered(int bits) {
        return bits >> Integer.SIZE - 1 & Scan.MAGNITUDE ^ bits;
    }

    private static float inOrder(int ordered) {
        return Float.intBitsToFloat(ordered(ordered));
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {chunk};
    }
}
