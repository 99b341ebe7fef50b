package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * IEEE half precision by integer operations. The processor's own conversion can be had from Java only over arrays, and the
 * detour through them costs more than these dozen operations. Bit for bit {@link Float#floatToFloat16} of the clamped
 * number and {@link Float#float16ToFloat}, for finite numbers.
 */
final class Halves {

    /** The largest half. */
    private static final float LARGEST = 65504;

    /** Its bits as fp32. */
    static final int LARGEST_BITS = Float.floatToRawIntBits(LARGEST);

    /** A half's bits in the upper part of an int: from here on, without sign, it is infinite or NaN. */
    static final int INFINITE = 0x7c00_0000;

    static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(Scan.WIDTH * Short.SIZE));

    private static final int MANTISSA_BITS = 23;
    /** How many bits of an fp32 mantissa a half has no room for. */
    private static final int DROPPED_BITS = 13;

    private static final int EXPONENT = 0x7f80_0000;
    /** 2^-14, the least exponent of a half: below it the mantissa loses its leading one instead. */
    private static final int LEAST = 0x3880_0000;

    /** From a half's bits, moved up as if they were an fp32's, to their value. */
    private static final float RESCALE = 0x1p112f;

    private static final IntVector EXPONENTS = ints(EXPONENT);
    private static final IntVector LEASTS = ints(LEAST);
    private static final IntVector DROPPED_EXPONENTS = ints(DROPPED_BITS << MANTISSA_BITS);
    private static final IntVector LEAST_MOVED = ints(LEAST >>> DROPPED_BITS);
    private static final IntVector SIGNS = ints(1 << Short.SIZE - 1);
    private static final IntVector SIGNS_32 = ints(Integer.MIN_VALUE);
    private static final FloatVector RESCALES = Lanes.all(RESCALE);

    private Halves() {}

    private static IntVector ints(int value) {
        return IntVector.broadcast(Scan.INTS, value);
    }

    /**
     * Halves of numbers within +-65504, given as bits. Adding 2^13 times a number's own power of two lets the
     * fp32 addition round the mantissa half to even where a half ends; what is left in the low bits is the half's mantissa
     * with its leading one.
     */
    static ShortVector narrow(IntVector bits) {
        IntVector absolute = bits.and(Scan.MAGNITUDES);
        IntVector exponent = bits.and(EXPONENTS).max(LEASTS);
        IntVector rounder = exponent.add(DROPPED_EXPONENTS);
        IntVector mantissa = absolute.reinterpretAsFloats()
                .add(rounder.reinterpretAsFloats())
                .reinterpretAsInts()
                .sub(rounder);
        IntVector magnitude = mantissa.add(exponent.lanewise(VectorOperators.LSHR, DROPPED_BITS))
                .sub(LEAST_MOVED);
        IntVector sign = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(SIGNS);
        return (ShortVector) magnitude.or(sign).castShape(SHORTS, 0);
    }

    /** The same for any one finite number, clamped to +-65504. */
    static short narrow(int bits) {
        return Float.floatToFloat16(Math.clamp(Float.intBitsToFloat(bits), -LARGEST, LARGEST));
    }

    /** As many halves as a vector has lanes, each in the upper part of an int. */
    static IntVector load(Room bytes, long at) {
        return ((IntVector) bytes.shorts(at).castShape(Scan.INTS, 0)).lanewise(VectorOperators.LSHL, Short.SIZE);
    }

    /** The values of finite halves that stand in the upper parts of ints. */
    static FloatVector widen(IntVector halves) {
        return halves.and(Scan.MAGNITUDES)
                .lanewise(VectorOperators.LSHR, Short.SIZE - DROPPED_BITS)
                .reinterpretAsFloats()
                .mul(RESCALES)
                .reinterpretAsInts()
                .or(halves.and(SIGNS_32))
                .reinterpretAsFloats();
    }

    /** The refusal that names the first half from index {@code from} on that is not finite. */
    static CodecException notFinite(Codec codec, Room bytes, long from) {
        for (long i = from; i < bytes.segment().byteSize() / Short.BYTES; i++) {
            float number = Float.float16ToFloat(bytes.getShort(i * Short.BYTES));
            if (!Float.isFinite(number)) {
                return new CodecException(codec.name() + ": expected finite numbers, got " + number + " at index " + i);
            }
        }
        throw new AssertionError("all halves from index " + from + " on are finite");
    }
}
