package io.murmuration.tensors.codec;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * How the selection of one chunk lies in a payload: k slots of as many bits as the largest takes, packed, then k values,
 * fp32 or one sign bit each (set for a negative one, so a zero counts as positive, as in Psyche). The bytes of a chunk follow from the chunk's size alone.
 *
 * @param slots numbers of the chunk
 * @param k selected ones
 * @param signs whether only the sign of a value travels; it is read as 1 or -1
 */
record SparseChunk(int slots, int k, boolean signs) {

    long indexBytes() {
        return BitPacking.bytes(k, BitPacking.width(slots));
    }

    long bytes() {
        return indexBytes() + (signs ? BitPacking.bytes(k, 1) : (long) k * Float.BYTES);
    }

    void write(int[] selected, float[] values, MemorySegment target, long at) {
        BitPacking.write(selected, k, BitPacking.width(slots), target, at);
        long valuesAt = at + indexBytes();
        if (signs) {
            writeSigns(values, target, valuesAt);
        } else {
            for (int i = 0; i < k; i++) {
                target.set(Blocks.FLOAT, valuesAt + (long) i * Float.BYTES, values[i]);
            }
        }
    }

    private void writeSigns(float[] values, MemorySegment target, long at) {
        for (int from = 0; from < k; from += Byte.SIZE) {
            int bits = 0;
            for (int i = from; i < Math.min(k, from + Byte.SIZE); i++) {
                bits |= (Float.floatToRawIntBits(values[i]) >>> 31) << i - from;
            }
            target.set(ValueLayout.JAVA_BYTE, at + from / Byte.SIZE, (byte) bits);
        }
    }

    /** @throws CodecException if slots do not ascend or lie outside the chunk, a value is not finite, or what fills up a
     *     last byte is not zero */
    void read(String codec, MemorySegment source, long at, int[] selected, float[] values) {
        BitPacking.read(codec, source, at, selected, k, BitPacking.width(slots));
        int before = -1;
        for (int i = 0; i < k; i++) {
            if (selected[i] <= before || selected[i] >= slots) {
                throw new CodecException(codec + ": expected ascending slots below " + slots + ", got " + selected[i]
                        + " behind " + before);
            }
            before = selected[i];
        }
        long valuesAt = at + indexBytes();
        if (signs && k % Byte.SIZE != 0) {
            int last = Byte.toUnsignedInt(source.get(ValueLayout.JAVA_BYTE, valuesAt + k / Byte.SIZE));
            BitPacking.requireZero(codec, last >>> k % Byte.SIZE);
        }
        for (int i = 0; i < k; i++) {
            values[i] = signs
                    ? 1 - 2 * (source.get(ValueLayout.JAVA_BYTE, valuesAt + i / 8) >> i % 8 & 1)
                    : source.get(Blocks.FLOAT, valuesAt + (long) i * Float.BYTES);
            if (!Float.isFinite(values[i])) {
                throw new CodecException(
                        codec + ": expected finite values, got " + values[i] + " for slot " + selected[i]);
            }
        }
    }
}
