package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;

/**
 * Linear 4-bit codes with one scale per block: {@code scale = absmax / 7}, {@code code = clamp(rint(x / scale), -7, 7)},
 * decoded as {@code code * scale}; a scale of 0 gives codes 0. Every operation is one fp32 operation rounded once,
 * {@code rint} rounds half to even. Wire: for every block the scale as fp32, then {@code code + 8} of two numbers per byte,
 * the first in the low half; a block of odd length ends with an 8 in the high half.
 *
 * @param block numbers per block, even; the last block may be shorter
 */
record LinearInt4(int block) implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 6;

    static final int USUAL_BLOCK = 32;
    static final int LARGEST_BLOCK = 4096;

    private static final int LARGEST_CODE = 7;
    private static final byte BIAS = 8;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private static final IntVector LOWS = IntVector.broadcast(Scan.INTS, -LARGEST_CODE);
    private static final IntVector HIGHS = IntVector.broadcast(Scan.INTS, LARGEST_CODE);
    private static final IntVector BIASES = IntVector.broadcast(Scan.INTS, BIAS);

    LinearInt4 {
        Blocks.requireBlock("int4", block, 2, LARGEST_BLOCK);
        if (block % 2 != 0) {
            throw new CodecException("int4: expected a block of an even length, got " + block);
        }
    }

    /** The codes of some blocks, one to a byte, and their encoded form. */
    private record Scratch(byte[] codes, byte[] packed) {}

    private Scratch scratch() {
        return new Scratch(new byte[unit()], new byte[Math.toIntExact(encodedSize(unit()))]);
    }

    /** Numbers that are done at once: some whole blocks. */
    private int unit() {
        return Math.max(1, Blocks.LENGTH / block) * block;
    }

    @Override
    public String name() {
        return "int4";
    }

    @Override
    public long encodedSize(long length) {
        long blocks = Math.ceilDiv(length, (long) block);
        return Math.addExact(Math.ceilDiv(length, 2L), Math.multiplyExact(blocks, (long) Float.BYTES));
    }

    /** Where the bytes of the block begin whose first number has this index. */
    private long place(long at) {
        return at / 2 + at / block * Float.BYTES;
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room room = Room.of(this, source.length(), target);
        long address = Lanes.address("numbers", source, source.length());
        Blocks.run(workers, source.length(), unit(), this::scratch, (scratch, at, count) -> {
            if (encode(address + at * Float.BYTES, count, scratch) >= Scan.INFINITE) {
                throw Scan.notFinite(this, source, at);
            }
            int size = (int) encodedSize(count);
            MemorySegment.copy(scratch.packed, 0, room.segment(), ValueLayout.JAVA_BYTE, place(at), size);
        });
        room.done(target);
    }

    /** Encodes whole blocks, the last of which may be shorter, and returns the bits of the largest magnitude. */
    private int encode(long address, int count, Scratch scratch) {
        int largest = 0;
        for (int at = 0; at < count; at += block) {
            int length = Math.min(block, count - at);
            long from = address + at * 4L;
            int magnitude = Scan.magnitude(from, length);
            largest = Math.max(largest, magnitude);
            float scale = Float.intBitsToFloat(magnitude) / LARGEST_CODE;
            codes(from, length, scale, scratch.codes);
            int to = (int) place(at);
            INTS.set(scratch.packed, to, Float.floatToRawIntBits(scale));
            pack(scratch.codes, length, scratch.packed, to + Float.BYTES);
        }
        return largest;
    }

    private static void codes(long address, int count, float scale, byte[] codes) {
        if (!(scale > 0)) { // all zero, or so small that the scale vanished; or NaN, which is refused soon
            Arrays.fill(codes, 0, count, BIAS);
            return;
        }
        int whole = Quantiser.inVectors(count);
        FloatVector scales = Lanes.all(scale);
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            IntVector code = Quantiser.codes(Lanes.load(address + i * 4L).div(scales), LOWS, HIGHS);
            ((ByteVector) code.add(BIASES).castShape(Quantiser.BYTES, 0)).intoArray(codes, i);
        }
        for (int i = whole; i < count; i++) {
            double code = Math.rint(Lanes.get(address + i * 4L) / scale);
            codes[i] = (byte) (Math.clamp(code, -LARGEST_CODE, LARGEST_CODE) + BIAS);
        }
    }

    /** Eight codes at a time, folded in three steps; what is left over one by one. */
    private static void pack(byte[] codes, int count, byte[] packed, int to) {
        int whole = count - count % Long.BYTES;
        for (int i = 0; i < whole; i += Long.BYTES) {
            long pairs = (long) LONGS.get(codes, i);
            pairs = (pairs | pairs >>> 4) & 0x00ff_00ff_00ff_00ffL;
            pairs = (pairs | pairs >>> 8) & 0x0000_ffff_0000_ffffL;
            INTS.set(packed, to + i / 2, (int) (pairs | pairs >>> 16));
        }
        for (int i = whole; i < count; i += 2) {
            int high = i + 1 < count ? codes[i + 1] : BIAS;
            packed[to + i / 2] = (byte) (codes[i] | high << 4);
        }
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room bytes = Room.filled(this, target.length(), source);
        long address = Lanes.address("numbers", target, target.length());
        Blocks.run(workers, target.length(), unit(), this::scratch, (scratch, at, count) -> {
            int size = (int) encodedSize(count);
            MemorySegment.copy(bytes.segment(), ValueLayout.JAVA_BYTE, place(at), scratch.packed, 0, size);
            decode(scratch, count, address, at);
        });
        bytes.done(source);
    }

    /** Decodes whole blocks, the last of which may be shorter; the first number of the first has the index {@code start}. */
    private void decode(Scratch scratch, int count, long address, long start) {
        for (int at = 0; at < count; at += block) {
            int length = Math.min(block, count - at);
            int from = (int) place(at);
            float scale = Float.intBitsToFloat((int) INTS.get(scratch.packed, from));
            Blocks.requireScale(this, "scale", scale, (start + at) / block);
            if (!unpack(scratch.packed, from + Float.BYTES, length, scratch.codes)) {
                throw new CodecException("int4: expected codes of -7 to 7 and an odd end of 8, got others in block "
                        + (start + at) / block);
            }
            if (scale == 0 && !onlyZeros(scratch.codes, length)) {
                throw new CodecException(
                        "int4: expected only codes 0 behind a scale of 0, got others in block " + (start + at) / block);
            }
            numbers(scratch.codes, length, scale, address + (start + at) * 4);
        }
    }

    private static boolean onlyZeros(byte[] codes, int count) {
        int others = 0;
        for (int i = 0; i < count; i++) {
            others |= codes[i] ^ BIAS;
        }
        return others == 0;
    }

    /** Whether all codes are those of an encoder: none is 0 (-8 before the bias), and the high half of an odd end is 8. */
    private static boolean unpack(byte[] packed, int from, int count, byte[] codes) {
        int whole = count - count % Long.BYTES;
        long zeros = 0;
        for (int i = 0; i < whole; i += Long.BYTES) {
            long pairs = (int) INTS.get(packed, from + i / 2) & 0xffff_ffffL;
            pairs = (pairs | pairs << 16) & 0x0000_ffff_0000_ffffL;
            pairs = (pairs | pairs << 8) & 0x00ff_00ff_00ff_00ffL;
            pairs = (pairs | pairs << 4) & 0x0f0f_0f0f_0f0f_0f0fL;
            zeros |= pairs - 0x0101_0101_0101_0101L; // a borrow sets the sign of a byte that was 0
            LONGS.set(codes, i, pairs);
        }
        boolean valid = (zeros & 0x8080_8080_8080_8080L) == 0;
        for (int i = whole; i < count; i += 2) {
            int pair = Byte.toUnsignedInt(packed[from + i / 2]);
            codes[i] = (byte) (pair & 0xf);
            valid &= codes[i] != 0 && pair >> 4 != 0;
            if (i + 1 < count) {
                codes[i + 1] = (byte) (pair >> 4);
            } else {
                valid &= pair >> 4 == BIAS;
            }
        }
        return valid;
    }

    private static void numbers(byte[] codes, int count, float scale, long address) {
        // At the very end of the fp32 range seven times a scale that was rounded up is infinite.
        int whole = Float.isFinite(LARGEST_CODE * scale) ? Quantiser.inVectors(count) : 0;
        FloatVector scales = Lanes.all(scale);
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            IntVector code =
                    ((IntVector) ByteVector.fromArray(Quantiser.BYTES, codes, i).castShape(Scan.INTS, 0)).sub(BIASES);
            Lanes.store(((FloatVector) code.castShape(Lanes.SPECIES, 0)).mul(scales), address + i * 4L);
        }
        for (int i = whole; i < count; i++) {
            float number = (codes[i] - BIAS) * scale;
            Lanes.set(address + i * 4L, Math.clamp(number, -Float.MAX_VALUE, Float.MAX_VALUE));
        }
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {block};
    }
}
