package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Looks over a block before it is encoded. Magnitudes are compared as integers: the bits of finite numbers, infinity and
 * NaN without their sign stand in the order of their size, and integer maxima need no care for NaN.
 */
final class Scan {

    static final VectorSpecies<Integer> INTS = IntVector.SPECIES_PREFERRED;
    static final int WIDTH = Lanes.WIDTH;

    /** Bits of infinity: what is not below is not finite. */
    static final int INFINITE = 0x7f80_0000;

    static final int MAGNITUDE = 0x7fff_ffff;
    static final IntVector MAGNITUDES = IntVector.broadcast(INTS, MAGNITUDE);

    private Scan() {}

    /**
     * The bits of the largest magnitude among {@code count} numbers of {@code source} from index {@code from} on.
     *
     * @param address of the first number of the source
     * @throws CodecException if one of them is not finite; names it by its index
     */
    static int finiteMagnitude(Codec codec, Floats source, long address, long from, int count) {
        int bits = magnitude(address + from * Float.BYTES, count);
        if (bits >= INFINITE) {
            throw notFinite(codec, source, from);
        }
        return bits;
    }

    /** The bits of the largest magnitude of the {@code count} numbers at an address; of NaN if there is one. */
    static int magnitude(long address, int count) {
        IntVector first = IntVector.zero(INTS);
        IntVector second = first;
        int whole = count - count % (2 * WIDTH);
        for (int i = 0; i < whole; i += 2 * WIDTH) {
            first = first.max(magnitudes(Lanes.load(address + i * 4L)));
            second = second.max(magnitudes(Lanes.load(address + (i + WIDTH) * 4L)));
        }
        int bits = first.max(second).reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < count; i++) {
            bits = Math.max(bits, bits(address + i * 4L) & MAGNITUDE);
        }
        return bits;
    }

    static IntVector magnitudes(FloatVector numbers) {
        return numbers.reinterpretAsInts().and(MAGNITUDES);
    }

    /** The bits of the number at an address. */
    static int bits(long address) {
        return Float.floatToRawIntBits(Lanes.get(address));
    }

    /** The refusal that names the first number from {@code from} on that is not finite. */
    static CodecException notFinite(Codec codec, Floats numbers, long from) {
        for (long i = from; i < numbers.length(); i++) {
            if (!Float.isFinite(numbers.get(i))) {
                return new CodecException(
                        codec.name() + ": expected finite numbers, got " + numbers.get(i) + " at index " + i);
            }
        }
        throw new AssertionError("all numbers from index " + from + " on are finite");
    }
}
