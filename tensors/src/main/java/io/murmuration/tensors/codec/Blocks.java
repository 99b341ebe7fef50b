package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.Supplier;

/**
 * What every codec does: check its sizes, and go over the numbers block by block, small enough for
 * the first-level cache, so that all passes after the first find them there.
 */
final class Blocks {

    /**
     * Numbers that are worked on at once where the codec has no blocks of its own, or larger ones: 8 KiB of fp32, a quarter
     * of a first-level cache, so that scratch of the same size and the encoded form fit beside it.
     */
    static final int LENGTH = 2048;

    static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Blocks() {}

    /** @throws CodecException if a codec is made with a block that is out of its range */
    static void requireBlock(String name, int block, int smallest, int largest) {
        if (block < smallest || block > largest) {
            throw new CodecException(
                    name + ": expected a block of " + smallest + " to " + largest + " numbers, got " + block);
        }
    }

    /** @throws CodecException if what a block is scaled by is negative (-0 is) or not finite */
    static void requireScale(Codec codec, String what, float scale, long block) {
        if (Integer.compareUnsigned(Float.floatToRawIntBits(scale), Scan.INFINITE) >= 0) {
            throw new CodecException(codec.name() + ": expected a finite " + what + " of at least 0, got " + scale
                    + " for block " + block);
        }
    }

    /**
     * Refuses what no encoder writes behind a scale of 0, so that a block of zeros has one form. Eight at a time: such blocks
     * are common, and this must not cost more than decoding them.
     *
     * @param code the only one that is expected
     * @param block its number, for the message
     * @throws CodecException if one of the {@code count} codes is another
     */
    static void requireOnly(Codec codec, Room bytes, long from, int count, int code, long block) {
        MemorySegment codes = bytes.segment();
        long all = code * 0x0101_0101_0101_0101L;
        int whole = count - count % Long.BYTES;
        long others = 0;
        for (int i = 0; i < whole; i += Long.BYTES) {
            others |= codes.get(LONG, from + i) ^ all;
        }
        for (int i = whole; i < count; i++) {
            others |= codes.get(ValueLayout.JAVA_BYTE, from + i) ^ code;
        }
        if (others != 0) {
            throw new CodecException(codec.name() + ": expected only codes " + code
                    + " behind a scale of 0, got others in" + " block " + block);
        }
    }

    /** Does the {@code count} numbers from index {@code at} on. */
    @FunctionalInterface
    interface Body {
        void run(long at, int count);
    }

    /** Does the {@code count} numbers from index {@code at} on with scratch that nobody else uses meanwhile. */
    @FunctionalInterface
    interface ScratchBody<S> {
        void run(S scratch, long at, int count);
    }

    /** Goes over a run of numbers in blocks of {@link #LENGTH}, the last of which may be shorter. */
    static void run(Workers workers, long length, Body body) {
        run(workers, length, () -> body, Body::run);
    }

    /** The same with blocks of another length. */
    static void run(Workers workers, long length, int block, Body body) {
        run(workers, length, block, () -> body, Body::run);
    }

    /** The same with scratch for each worker. */
    static <S> void run(Workers workers, long length, Supplier<S> scratch, ScratchBody<S> body) {
        run(workers, length, LENGTH, scratch, body);
    }

    /** The same with scratch for each worker and blocks of another length. */
    static <S> void run(Workers workers, long length, int block, Supplier<S> scratch, ScratchBody<S> body) {
        Pieces.of(length, block).run(workers, scratch, (own, number, from, to) -> {
            for (long at = from; at < to; at += block) {
                body.run(own, at, (int) Math.min(block, to - at));
            }
        });
    }
}
