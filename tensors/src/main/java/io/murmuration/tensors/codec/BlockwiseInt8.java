package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Linear 8-bit codes with one scale per block: {@code scale = absmax / 127}, {@code code = clamp(rint(x / scale), -127,
 * 127)}, decoded as {@code code * scale}; a scale of 0 gives codes 0. Every operation is one fp32 operation rounded
 * once, {@code rint} rounds half to even. Wire: the absmax of every block as fp32, then one signed byte per number.
 *
 * @param block numbers per block; the last block may be shorter
 */
record BlockwiseInt8(int block) implements Codec {

    /** The usual block of 8-bit blockwise quantisation (Dettmers, arXiv 2110.02861): 0.1 % of overhead for scales. */
    static final int USUAL_BLOCK = 4096;

    /** What a decoder is ready to hold in scratch: 320 KiB. */
    static final int LARGEST_BLOCK = 65_536;

    private static final float LARGEST_CODE = 127f;

    /** 1.5 * 2^23: adding it leaves no bits for a fraction, so the addition rounds half to even, as rint does. */
    private static final float ROUNDER = 12_582_912f;

    BlockwiseInt8 {
        if (block < 1 || block > LARGEST_BLOCK) {
            throw new CodecException("int8: expected a block of 1 to " + LARGEST_BLOCK + " numbers, got " + block);
        }
    }

    @Override
    public String name() {
        return "int8";
    }

    @Override
    public long encodedSize(long length) {
        return Math.addExact(length, Math.multiplyExact(blocks(length), (long) Float.BYTES));
    }

    private record Scratch(float[] numbers, byte[] codes) {
        Scratch(int length) {
            this(new float[length], new byte[length]);
        }
    }

    private Scratch scratch(long length) {
        return new Scratch((int) Math.min(length, block));
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        long length = source.length();
        MemorySegment room = Blocks.room(this, length, target);
        long codesAt = blocks(length) * Float.BYTES;
        Pieces.run(workers, length, block, () -> scratch(length), (scratch, from, to) -> {
            for (long at = from; at < to; at += block) {
                int count = Blocks.load(source, at, to, scratch.numbers);
                float absMax = Blocks.finiteAbsMax(this, scratch.numbers, count, at);
                quantise(scratch.numbers, count, absMax / LARGEST_CODE, scratch.codes);
                room.set(Blocks.FLOAT, at / block * Float.BYTES, absMax);
                MemorySegment.copy(scratch.codes, 0, room, ValueLayout.JAVA_BYTE, codesAt + at, count);
            }
        });
        Blocks.advance(target, room);
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        long length = target.length();
        MemorySegment bytes = Blocks.bytes(this, length, source);
        long codesAt = blocks(length) * Float.BYTES;
        Pieces.run(workers, length, block, () -> scratch(length), (scratch, from, to) -> {
            for (long at = from; at < to; at += block) {
                int count = (int) Math.min(block, to - at);
                float absMax = bytes.get(Blocks.FLOAT, at / block * Float.BYTES);
                if (!(absMax >= 0 && absMax <= Float.MAX_VALUE)) {
                    throw new CodecException(
                            "int8: expected a finite absmax of at least 0, got " + absMax + " for block " + at / block);
                }
                MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, codesAt + at, scratch.codes, 0, count);
                expand(scratch.codes, count, absMax, scratch.numbers, at);
                Blocks.store(scratch.numbers, count, target, at);
            }
        });
        Blocks.advance(source, bytes);
    }

    @Override
    public int wireId() {
        return 3;
    }

    @Override
    public int[] wireParameters() {
        return new int[] {block};
    }

    private static void quantise(float[] numbers, int count, float scale, byte[] codes) {
        if (scale == 0) { // all zero, or so small that the scale vanished
            Arrays.fill(codes, 0, count, (byte) 0);
            return;
        }
        // Two loops with one width each: the compiler vectorises the first and, over ints, narrows in the second.
        for (int i = 0; i < count; i++) {
            // Clamping before rounding is the same as after: the limits are whole numbers.
            numbers[i] = Math.max(-LARGEST_CODE, Math.min(LARGEST_CODE, numbers[i] / scale)) + ROUNDER;
        }
        for (int i = 0; i < count; i++) {
            codes[i] = (byte) Float.floatToRawIntBits(numbers[i]); // the sum's low bits are the whole number
        }
    }

    private static void expand(byte[] codes, int count, float absMax, float[] numbers, long from) {
        for (int i = 0; i < count; i++) {
            if (codes[i] == Byte.MIN_VALUE) {
                throw new CodecException("int8: expected codes of -127 to 127, got -128 at index " + (from + i));
            }
        }
        float scale = absMax / LARGEST_CODE;
        for (int i = 0; i < count; i++) {
            numbers[i] = codes[i];
        }
        for (int i = 0; i < count; i++) {
            // Only a scale that was rounded up at the very end of the fp32 range makes the product infinite.
            numbers[i] = Math.max(-Float.MAX_VALUE, Math.min(Float.MAX_VALUE, numbers[i] * scale));
        }
    }

    private long blocks(long length) {
        return Math.ceilDiv(length, (long) block);
    }
}
