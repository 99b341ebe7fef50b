package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The upper 16 bits of the fp32 pattern, rounded half to even (bfloat16). A finite number that would round to infinity
 * becomes the largest finite one, 3.3895314e38, as fp16 clamps: what a receiver must refuse is never sent.
 */
record Bf16() implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 4;

    /** Bits just below what would round to infinity; what is above is taken for this. */
    private static final int LARGEST = 0x7f7f_7fff;

    /** With the least kept bit, what is added so that cutting off rounds half to even. */
    private static final int ROUNDER = 0x7fff;

    private static final IntVector ROUNDERS = IntVector.broadcast(Scan.INTS, ROUNDER);
    private static final IntVector ONES = IntVector.broadcast(Scan.INTS, 1);

    @Override
    public String name() {
        return "bf16";
    }

    @Override
    public long encodedSize(long length) {
        return Math.multiplyExact(length, (long) Short.BYTES);
    }

    @Override
    public void encode(Floats source, ByteBuffer target, Workers workers) {
        Room room = Room.of(this, source.length(), target);
        long address = Lanes.address("numbers", source, source.length());
        Blocks.run(workers, source.length(), (at, count) -> {
            if (narrow(address + at * Float.BYTES, count, room, at * Short.BYTES) >= Scan.INFINITE) {
                throw Scan.notFinite(this, source, at);
            }
        });
        room.done(target);
    }

    @Override
    public void decode(ByteBuffer source, Floats target, Workers workers) {
        Room bytes = Room.filled(this, target.length(), source);
        long address = Lanes.address("numbers", target, target.length());
        Blocks.run(workers, target.length(), (at, count) -> {
            if (widen(bytes, at * Short.BYTES, count, address + at * Float.BYTES) >= Scan.INFINITE) {
                throw Scan.notFinite(this, target, at);
            }
        });
        bytes.done(source);
    }

    /**
     * Encodes a block and returns the bits of its largest magnitude. Two vectors a turn: what a turn costs besides them is
     * worth a tenth of the speed.
     */
    private static int narrow(long address, int count, Room room, long to) {
        IntVector first = IntVector.zero(Scan.INTS);
        IntVector second = first;
        int whole = count - count % (2 * Scan.WIDTH);
        for (int i = 0; i < whole; i += 2 * Scan.WIDTH) {
            IntVector one = Lanes.load(address + i * 4L).reinterpretAsInts();
            IntVector two = Lanes.load(address + (i + Scan.WIDTH) * 4L).reinterpretAsInts();
            first = first.max(one.and(Scan.MAGNITUDES));
            second = second.max(two.and(Scan.MAGNITUDES));
            room.put(narrow(one), to + i * 2L);
            room.put(narrow(two), to + (i + Scan.WIDTH) * 2L);
        }
        int magnitude = first.max(second).reduceLanes(VectorOperators.MAX);
        // Only where the block has a number that would round to infinity, all of it is clamped.
        int from = magnitude > LARGEST ? 0 : whole;
        for (int i = from; i < count; i++) {
            int bits = Scan.bits(address + i * 4L);
            magnitude = Math.max(magnitude, bits & Scan.MAGNITUDE);
            room.put(narrow(bits), to + i * 2L);
        }
        return magnitude;
    }

    /** Without the clamp. */
    private static ShortVector narrow(IntVector bits) {
        IntVector odd = bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(ONES);
        IntVector rounded = bits.add(ROUNDERS).add(odd).lanewise(VectorOperators.LSHR, Short.SIZE);
        return (ShortVector) rounded.castShape(Halves.SHORTS, 0);
    }

    private static short narrow(int bits) {
        int clamped = Math.min(bits & Scan.MAGNITUDE, LARGEST) | bits & Integer.MIN_VALUE;
        return (short) (clamped + ROUNDER + (clamped >>> Short.SIZE & 1) >>> Short.SIZE);
    }

    /** Decodes a block and returns the bits of its largest magnitude. */
    private static int widen(Room bytes, long from, int count, long address) {
        IntVector first = IntVector.zero(Scan.INTS);
        IntVector second = first;
        int whole = count - count % (2 * Scan.WIDTH);
        for (int i = 0; i < whole; i += 2 * Scan.WIDTH) {
            IntVector one = Halves.load(bytes, from + i * 2L);
            IntVector two = Halves.load(bytes, from + (i + Scan.WIDTH) * 2L);
            first = first.max(one.and(Scan.MAGNITUDES));
            second = second.max(two.and(Scan.MAGNITUDES));
            Lanes.store(one.reinterpretAsFloats(), address + i * 4L);
            Lanes.store(two.reinterpretAsFloats(), address + (i + Scan.WIDTH) * 4L);
        }
        int magnitude = first.max(second).reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < count; i++) {
            int bits = bytes.getShort(from + i * 2L) << Short.SIZE;
            magnitude = Math.max(magnitude, bits & Scan.MAGNITUDE);
            Lanes.set(address + i * 4L, Float.intBitsToFloat(bits));
        }
        return magnitude;
    }

    @Override
    public int wireId() {
        return WIRE_ID;
    }

    @Override
    public int[] wireParameters() {
        return new int[0];
    }
}
