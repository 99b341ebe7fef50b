package io.murmuration.tensors.checkpoint;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;

/** Writes fp32 numbers in another floating point format, rounded to nearest even. */
final class FloatFormat {

    private FloatFormat() {}

    /**
     * Puts {@code count} numbers, little-endian as the buffer is set.
     *
     * @return whether all that were finite still are: F16 ends at 65504
     */
    static boolean put(Dtype dtype, Floats values, long from, int count, ByteBuffer target) {
        if (dtype == Dtype.F32) {
            MemorySegment.copy(
                    values.segment(),
                    ValueLayout.JAVA_FLOAT,
                    from * Float.BYTES,
                    MemorySegment.ofBuffer(target),
                    ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(target.order()),
                    0,
                    count);
            target.position(target.position() + count * Float.BYTES);
            return true;
        }
        boolean fits = true;
        for (int i = 0; i < count; i++) {
            float value = values.get(from + i);
            switch (dtype) {
                case F16 -> {
                    short half = Float.floatToFloat16(value);
                    fits &= !Float.isFinite(value) || Float.isFinite(Float.float16ToFloat(half));
                    target.putShort(half);
                }
                case BF16 -> {
                    short brain = bfloat16(value);
                    fits &= !Float.isFinite(value) || Float.isFinite(Float.intBitsToFloat(brain << 16));
                    target.putShort(brain);
                }
                case F32, I64, U8 -> throw new IllegalArgumentException("expected a format of 16 bits, got " + dtype);
            }
        }
        return fits;
    }

    /** The upper half of the number's bits, rounded to nearest even; a NaN stays one. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) (bits >>> 16 | 0x40);
        }
        return (short) ((bits + 0x7FFF + (bits >>> 16 & 1)) >>> 16);
    }
}
