package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * What every codec does: copy a block into a small heap array (it stays in the first-level cache, and the compiler
 * vectorises plain loops over arrays but not over two memory segments that might overlap), and keep watch over
 * finiteness.
 */
final class Blocks {

    /** Numbers per block of the codecs that have no blocks of their own: 16 KiB of fp32, half a first-level cache. */
    static final int LENGTH = 4096;

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Blocks() {}

    /** The room for the encoded form of {@code length} numbers, from the buffer's position on. */
    static MemorySegment room(Codec codec, long length, ByteBuffer target) {
        long size = codec.encodedSize(length);
        if (target.remaining() < size) {
            throw new IllegalArgumentException(codec.name() + ": " + length + " numbers need " + size
                    + " bytes, the buffer has room for " + target.remaining());
        }
        return MemorySegment.ofBuffer(target).asSlice(0, size);
    }

    /** The bytes of the encoded form of {@code length} numbers, from the buffer's position on. */
    static MemorySegment bytes(Codec codec, long length, ByteBuffer source) {
        long size = codec.encodedSize(length);
        if (source.remaining() < size) {
            throw new CodecException(codec.name() + ": expected " + size + " bytes for " + length + " numbers, got "
                    + source.remaining());
        }
        return MemorySegment.ofBuffer(source).asSlice(0, size);
    }

    static void advance(ByteBuffer buffer, MemorySegment done) {
        buffer.position(buffer.position() + Math.toIntExact(done.byteSize()));
    }

    /** Copies the block that starts at {@code from} and ends before {@code to}, and returns how many numbers it has. */
    static int load(Floats source, long from, long to, float[] block) {
        int count = (int) Math.min(block.length, to - from);
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, from * Float.BYTES, block, 0, count);
        return count;
    }

    static void store(float[] block, int count, Floats target, long to) {
        MemorySegment.copy(block, 0, target.segment(), ValueLayout.JAVA_FLOAT, to * Float.BYTES, count);
    }

    /**
     * Largest magnitude in a block.
     *
     * @throws CodecException if a number of the block, which starts at index {@code from}, is not finite
     */
    static float finiteAbsMax(Codec codec, float[] block, int count, long from) {
        float largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, Math.abs(block[i])); // Math.max hands a NaN on
        }
        if (!(largest <= Float.MAX_VALUE)) {
            for (int i = 0; i < count; i++) {
                if (!Float.isFinite(block[i])) {
                    throw new CodecException(
                            codec.name() + ": expected finite numbers, got " + block[i] + " at index " + (from + i));
                }
            }
        }
        return largest;
    }
}
