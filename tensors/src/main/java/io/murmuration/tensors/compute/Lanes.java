package io.murmuration.tensors.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Reading and writing vectors at addresses, and the few functions of vectors that the kernels share. Addresses are raw:
 * kernels check lengths and liveness once at their door, not once per vector.
 *
 * <p>Sums over lanes are taken here in a fixed order, since {@code reduceLanes} leaves the order open and may change it when
 * the JIT compiles.
 */
public final class Lanes {

    public static final VectorSpecies<Float> SPECIES = FloatVector.SPECIES_PREFERRED;
    public static final int WIDTH = SPECIES.length();

    /** All memory, for vectors of other types than float; bounds were checked where the address came from. */
    @SuppressWarnings("restricted")
    public static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    private static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private static final List<VectorMask<Float>> FIRST = IntStream.rangeClosed(0, WIDTH)
            .mapToObj(count -> SPECIES.indexInRange(0, count))
            .toList();

    private static final FloatVector ONE = all(1);
    private static final FloatVector LOG2_E = all(1.442695041f);
    /** ln 2 in two parts, the first with few bits, so that n * the first is exact (Cody and Waite). */
    private static final FloatVector MINUS_LN2_HIGH = all(-0.693359375f);

    private static final FloatVector MINUS_LN2_LOW = all(2.12194440e-4f);
    /** 1.5 * 2^23: adding it rounds to a whole number, which then sits in the low bits. */
    private static final FloatVector ROUNDER = all(12582912f);

    private static final FloatVector P0 = all(1.9875691500e-4f);
    private static final FloatVector P1 = all(1.3981999507e-3f);
    private static final FloatVector P2 = all(8.3334519073e-3f);
    private static final FloatVector P3 = all(4.1665795894e-2f);
    private static final FloatVector P4 = all(1.6666665459e-1f);
    private static final FloatVector P5 = all(5.0000001201e-1f);

    private static final int MANTISSA_BITS = 23;
    /** Below this the result is subnormal; it is given as e^-87 (1.6e-38), far under one ulp of any sum here. */
    private static final FloatVector LOWEST = all(-87);

    private static final FloatVector HIGHEST = all(88);

    private Lanes() {}

    /** The address of the first number; throws if the arena is closed or there are fewer than {@code needed} numbers. */
    public static long address(String what, Floats floats, long needed) {
        Checks.atLeast(what, floats, needed);
        MemorySegment segment = floats.segment();
        if (!segment.scope().isAlive()) {
            throw new IllegalStateException(what + " is used after its memory was released");
        }
        return segment.address();
    }

    public static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, address, ORDER);
    }

    public static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(SPECIES, MEMORY, address, ORDER, mask);
    }

    public static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(MEMORY, address, ORDER);
    }

    public static void store(FloatVector vector, long address, VectorMask<Float> mask) {
        vector.intoMemorySegment(MEMORY, address, ORDER, mask);
    }

    public static float get(long address) {
        return MEMORY.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
    }

    public static void set(long address, float value) {
        MEMORY.set(ValueLayout.JAVA_FLOAT_UNALIGNED, address, value);
    }

    public static FloatVector zero() {
        return FloatVector.zero(SPECIES);
    }

    public static FloatVector all(float value) {
        return FloatVector.broadcast(SPECIES, value);
    }

    /** The lanes below {@code count}, which is at most the number of lanes. */
    public static VectorMask<Float> first(int count) {
        return FIRST.get(count);
    }

    /** The sum of all lanes, in ascending order. */
    public static float sum(FloatVector vector) {
        float sum = 0;
        for (int lane = 0; lane < WIDTH; lane++) {
            sum += vector.lane(lane);
        }
        return sum;
    }

    /**
     * e^x within 2 ulp for -87 <= x <= 88, clamped outside; NaN gives NaN. Polynomial of Cephes' expf (Moshier).
     * The constants are made once: broadcast here, they make callers so large that C2 stops inlining, and what it does not
     * inline puts its vectors on the heap.
     */
    public static FloatVector exp(FloatVector argument) {
        // Compare and blend: max and min would spend most of this function's time on the order of zeros and NaN.
        FloatVector x = argument.blend(LOWEST, argument.compare(VectorOperators.LT, LOWEST));
        x = x.blend(HIGHEST, x.compare(VectorOperators.GT, HIGHEST));
        FloatVector shifted = x.fma(LOG2_E, ROUNDER);
        FloatVector n = shifted.sub(ROUNDER);
        FloatVector r = n.fma(MINUS_LN2_LOW, n.fma(MINUS_LN2_HIGH, x));
        FloatVector p = r.fma(P0, P1);
        p = p.fma(r, P2).fma(r, P3).fma(r, P4).fma(r, P5);
        p = p.fma(r.mul(r), r).add(ONE);
        return p.reinterpretAsInts()
                .add(shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, MANTISSA_BITS))
                .reinterpretAsFloats();
    }

    /** 1 / (1 + e^-x). */
    public static FloatVector sigmoid(FloatVector x) {
        return ONE.div(exp(x.neg()).add(ONE));
    }
}
