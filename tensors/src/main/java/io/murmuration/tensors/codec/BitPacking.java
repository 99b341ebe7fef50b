package io.murmuration.tensors.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Whole numbers of a few bits each, one after the other, the lowest bit first; what is left of the last byte is zero. Two
 * numbers of 12 bits fill 3 bytes as in tplr-ai/templar: {@code a & 255, a >> 8 | (b & 15) << 4, b >> 4}.
 */
final class BitPacking {

    private BitPacking() {}

    /** Bits that a number below {@code bound} takes; at least 1. */
    static int width(int bound) {
        return Math.max(1, Integer.SIZE - Integer.numberOfLeadingZeros(bound - 1));
    }

    static long bytes(long count, int width) {
        return Math.ceilDiv(Math.multiplyExact(count, (long) width), (long) Byte.SIZE);
    }

    /** @param width 1 to 24; every value is below {@code 2^width} */
    static void write(int[] values, int count, int width, MemorySegment target, long at) {
        int held = 0;
        int bits = 0;
        for (int i = 0; i < count; i++) {
            held |= values[i] << bits;
            bits += width;
            for (; bits >= Byte.SIZE; bits -= Byte.SIZE, held >>>= Byte.SIZE) {
                target.set(ValueLayout.JAVA_BYTE, at++, (byte) held);
            }
        }
        if (bits > 0) {
            target.set(ValueLayout.JAVA_BYTE, at, (byte) held);
        }
    }

    /**
     * @param codec for messages
     * @param width 1 to 24
     * @throws CodecException if the rest of the last byte is not zero
     */
    static void read(String codec, MemorySegment source, long at, int[] values, int count, int width) {
        int mask = (1 << width) - 1;
        int held = 0;
        int bits = 0;
        for (int i = 0; i < count; i++) {
            for (; bits < width; bits += Byte.SIZE) {
                held |= (source.get(ValueLayout.JAVA_BYTE, at++) & 0xff) << bits;
            }
            values[i] = held & mask;
            held >>>= width;
            bits -= width;
        }
        requireZero(codec, held);
    }

    /** @throws CodecException if what only fills up is not zero, so that one content has one form */
    static void requireZero(String codec, int rest) {
        if (rest != 0) {
            throw new CodecException(codec + ": expected zeros behind the last packed number, got " + rest);
        }
    }
}
