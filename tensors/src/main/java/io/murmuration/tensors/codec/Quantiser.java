package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Lanes;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Linear codes of one byte: {@code code = clamp(rint((x - zero) / scale), low, high)}, decoded as {@code zero + code *
 * scale}; each operation is a single fp32 operation rounded once. Where the vector's lanes as bytes fill no vector (128-bit
 * vectors), and for what is left over at the end of a block, the same is done one by one.
 */
final class Quantiser {

    /** 1.5 * 2^23: adding it leaves no bits for a fraction, so the addition rounds half to even, as rint does. */
    private static final float ROUNDER = 12_582_912f;

    private static final int ROUNDER_BITS = Float.floatToRawIntBits(ROUNDER);

    /** The Vector API knows no smaller vector. */
    private static final int SMALLEST_SHAPE_BITS = 64;

    private static final boolean BYTES_FILL_A_VECTOR = Scan.WIDTH * Byte.SIZE >= SMALLEST_SHAPE_BITS;
    static final VectorSpecies<Byte> BYTES = BYTES_FILL_A_VECTOR
            ? VectorSpecies.of(byte.class, VectorShape.forBitSize(Scan.WIDTH * Byte.SIZE))
            : ByteVector.SPECIES_64;

    private static final FloatVector ROUNDERS = Lanes.all(ROUNDER);
    private static final IntVector ROUNDERS_BITS = IntVector.broadcast(Scan.INTS, ROUNDER_BITS);
    private static final IntVector BYTE = IntVector.broadcast(Scan.INTS, 0xff);

    private Quantiser() {}

    /** How many of {@code count} numbers are done by vectors. */
    static int inVectors(int count) {
        return BYTES_FILL_A_VECTOR ? count - count % Scan.WIDTH : 0;
    }

    /**
     * Encodes the numbers at an address.
     *
     * @param zero the number whose code is 0
     * @param scale above 0; |x - zero| / scale is at most 2^22
     * @param low smallest code
     * @param high largest code
     * @param bias added to a code to make the byte
     */
    static void encode(
            long address, int count, float zero, float scale, int low, int high, int bias, Room room, long to) {
        int whole = inVectors(count);
        if (whole > 0) {
            vectors(address, whole, zero, scale, low, high, bias, room, to);
        }
        for (int i = whole; i < count; i++) {
            int code = code((Lanes.get(address + i * 4L) - zero) / scale, low, high);
            room.put((byte) (code + bias), to + i);
        }
    }

    private static void vectors(
            long address, int count, float zero, float scale, int low, int high, int bias, Room room, long to) {
        FloatVector zeros = Lanes.all(zero);
        FloatVector scales = Lanes.all(scale);
        IntVector lows = IntVector.broadcast(Scan.INTS, low);
        IntVector highs = IntVector.broadcast(Scan.INTS, high);
        IntVector biases = IntVector.broadcast(Scan.INTS, bias);
        for (int i = 0; i < count; i += Scan.WIDTH) {
            IntVector code = codes(Lanes.load(address + i * 4L).sub(zeros).div(scales), lows, highs);
            room.put((ByteVector) code.add(biases).castShape(BYTES, 0), to + i);
        }
    }

    /** {@code clamp(rint(x), low, high)}. */
    static int code(float x, int low, int high) {
        return Math.clamp(Float.floatToRawIntBits(x + ROUNDER) - ROUNDER_BITS, low, high);
    }

    /** {@code clamp(rint(x), low, high)}. */
    static IntVector codes(FloatVector x, IntVector lows, IntVector highs) {
        return x.add(ROUNDERS).reinterpretAsInts().sub(ROUNDERS_BITS).max(lows).min(highs);
    }

    /**
     * Decodes signed codes, {@code code * scale}, and returns the smallest code.
     *
     * @param scale at least 0; at the very end of the fp32 range the result is clamped to it
     */
    static int decodeSigned(Room bytes, long from, int count, float scale, long address) {
        int whole = Float.isFinite(Byte.MAX_VALUE * scale) ? inVectors(count) : 0;
        int smallest = whole == 0 ? 0 : signedVectors(bytes, from, whole, scale, address);
        for (int i = whole; i < count; i++) {
            byte code = bytes.getByte(from + i);
            smallest = Math.min(smallest, code);
            Lanes.set(address + i * 4L, Math.clamp(code * scale, -Float.MAX_VALUE, Float.MAX_VALUE));
        }
        return smallest;
    }

    private static int signedVectors(Room bytes, long from, int count, float scale, long address) {
        FloatVector scales = Lanes.all(scale);
        ByteVector least = ByteVector.zero(BYTES);
        for (int i = 0; i < count; i += Scan.WIDTH) {
            ByteVector codes = bytes.bytes(from + i);
            least = least.min(codes);
            Lanes.store(((FloatVector) codes.castShape(Lanes.SPECIES, 0)).mul(scales), address + i * 4L);
        }
        return least.reduceLanes(VectorOperators.MIN);
    }

    /**
     * Decodes unsigned codes, {@code zero + code * scale}. At the very end of the fp32 range, where the product alone would
     * be infinite, it is not rounded before the sum, and the sum is clamped.
     */
    static void decodeUnsigned(Room bytes, long from, int count, float zero, float scale, long address) {
        boolean ordinary = Float.isFinite(0xff * scale) && Float.isFinite(zero + 0xff * scale);
        int whole = ordinary ? inVectors(count) : 0;
        if (whole > 0) {
            unsignedVectors(bytes, from, whole, zero, scale, address);
        }
        for (int i = whole; i < count; i++) {
            int code = Byte.toUnsignedInt(bytes.getByte(from + i));
            float number = ordinary
                    ? zero + code * scale
                    : Math.clamp(Math.fma(code, scale, zero), -Float.MAX_VALUE, Float.MAX_VALUE);
            Lanes.set(address + i * 4L, number);
        }
    }

    private static void unsignedVectors(Room bytes, long from, int count, float zero, float scale, long address) {
        FloatVector zeros = Lanes.all(zero);
        FloatVector scales = Lanes.all(scale);
        for (int i = 0; i < count; i += Scan.WIDTH) {
            IntVector codes = ((IntVector) bytes.bytes(from + i).castShape(Scan.INTS, 0)).and(BYTE);
            FloatVector numbers = (FloatVector) codes.castShape(Lanes.SPECIES, 0);
            Lanes.store(zeros.add(numbers.mul(scales)), address + i * 4L);
        }
    }
}
