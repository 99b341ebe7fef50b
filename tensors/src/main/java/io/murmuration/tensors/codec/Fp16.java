package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Lanes;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * IEEE 754 half precision, 2 bytes each: clamped to [-65504, 65504], rounded half to even, subnormals kept (the rule of
 * hivemind's Float16Compression).
 */
record Fp16() implements Codec {

    /** In the header of an {@link EncodedTensor}. */
    static final int WIRE_ID = 2;

    @Override
    public String name() {
        return "fp16";
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
            if (widen(bytes, at * Short.BYTES, count, address + at * Float.BYTES) >= Halves.INFINITE) {
                throw Halves.notFinite(this, bytes, at);
            }
        });
        bytes.done(source);
    }

    /** Encodes a block and returns the bits of its largest magnitude. */
    private static int narrow(long address, int count, Room room, long to) {
        IntVector largest = IntVector.zero(Scan.INTS);
        int whole = count - count % Scan.WIDTH;
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            IntVector bits = Lanes.load(address + i * 4L).reinterpretAsInts();
            largest = largest.max(bits.and(Scan.MAGNITUDES));
            room.put(Halves.narrow(bits), to + i * 2L);
        }
        int magnitude = largest.reduceLanes(VectorOperators.MAX);
        // Only where the block has a number beyond the largest half, all of it is clamped.
        int from = magnitude > Halves.LARGEST_BITS ? 0 : whole;
        for (int i = from; i < count; i++) {
            int bits = Scan.bits(address + i * 4L);
            magnitude = Math.max(magnitude, bits & Scan.MAGNITUDE);
            room.put(Halves.narrow(bits), to + i * 2L);
        }
        return magnitude;
    }

    /** Decodes a block and returns the largest half without its sign, in the upper part of an int. */
    private static int widen(Room bytes, long from, int count, long address) {
        IntVector largest = IntVector.zero(Scan.INTS);
        int whole = count - count % Scan.WIDTH;
        for (int i = 0; i < whole; i += Scan.WIDTH) {
            IntVector halves = Halves.load(bytes, from + i * 2L);
            largest = largest.max(halves.and(Scan.MAGNITUDES));
            Lanes.store(Halves.widen(halves), address + i * 4L);
        }
        int magnitude = largest.reduceLanes(VectorOperators.MAX);
        for (int i = whole; i < count; i++) {
            short half = bytes.getShort(from + i * 2L);
            magnitude = Math.max(magnitude, half << Short.SIZE & Scan.MAGNITUDE);
            Lanes.set(address + i * 4L, Float.float16ToFloat(half));
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
