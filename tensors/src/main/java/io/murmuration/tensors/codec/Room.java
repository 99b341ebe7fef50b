package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Lanes;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The place of encoded bytes: in an array of the heap, or at addresses outside. Kernels load and store vectors straight
 * there, since a detour through scratch memory keeps reading and writing main memory from overlapping and costs a third of
 * the speed. The choice between the two is the same all through a loop, so the compiler makes two loops of one.
 */
final class Room {

    private static final byte[] OUTSIDE = {};

    private static final VectorSpecies<Byte> SHORTS_AS_BYTES = Halves.SHORTS.withLanes(byte.class);

    private final MemorySegment segment;
    private final byte[] array;
    private final long base;
    private final boolean onHeap;

    private Room(MemorySegment segment, byte[] array, long base, boolean onHeap) {
        this.segment = segment;
        this.array = array;
        this.base = base;
        this.onHeap = onHeap;
    }

    /**
     * The room for the encoded form of {@code length} numbers, from the buffer's position on.
     *
     * @throws IllegalArgumentException if the buffer has too little room or cannot be written to
     */
    static Room of(Codec codec, long length, ByteBuffer target) {
        long size = codec.encodedSize(length);
        if (target.remaining() < size || target.isReadOnly()) {
            throw new IllegalArgumentException(codec.name() + ": " + length + " numbers need " + size
                    + " bytes, the buffer has room for " + (target.isReadOnly() ? 0 : target.remaining()));
        }
        MemorySegment segment = MemorySegment.ofBuffer(target).asSlice(0, size);
        return target.hasArray()
                ? new Room(segment, target.array(), target.arrayOffset() + target.position(), true)
                : new Room(segment, OUTSIDE, segment.address(), false);
    }

    /**
     * The encoded form of {@code length} numbers, from the buffer's position on. A read-only buffer on the heap, whose array
     * cannot be had, costs a copy.
     *
     * @throws CodecException if there are fewer bytes
     */
    static Room filled(Codec codec, long length, ByteBuffer source) {
        long size = codec.encodedSize(length);
        if (source.remaining() < size) {
            throw new CodecException(codec.name() + ": expected " + size + " bytes for " + length + " numbers, got "
                    + source.remaining());
        }
        MemorySegment segment = MemorySegment.ofBuffer(source).asSlice(0, size);
        if (source.hasArray()) {
            return new Room(segment, source.array(), source.arrayOffset() + source.position(), true);
        }
        return source.isDirect()
                ? new Room(segment, OUTSIDE, segment.address(), false)
                : of(segment.toArray(ValueLayout.JAVA_BYTE));
    }

    /** All of an array: scratch that something else is made of. */
    static Room of(byte[] array) {
        return new Room(MemorySegment.ofArray(array), array, 0, true);
    }

    /** For single numbers and whole runs of them. */
    MemorySegment segment() {
        return segment;
    }

    void put(ByteVector vector, long at) {
        if (onHeap) {
            vector.intoArray(array, (int) (base + at));
        } else {
            vector.intoMemorySegment(Lanes.MEMORY, base + at, ByteOrder.LITTLE_ENDIAN);
        }
    }

    void put(ShortVector vector, long at) {
        if (onHeap) {
            vector.reinterpretAsBytes().intoArray(array, (int) (base + at));
        } else {
            vector.intoMemorySegment(Lanes.MEMORY, base + at, ByteOrder.LITTLE_ENDIAN);
        }
    }

    /** As many bytes as a vector of numbers has lanes. */
    ByteVector bytes(long at) {
        return onHeap
                ? ByteVector.fromArray(Quantiser.BYTES, array, (int) (base + at))
                : ByteVector.fromMemorySegment(Quantiser.BYTES, Lanes.MEMORY, base + at, ByteOrder.LITTLE_ENDIAN);
    }

    /** As many shorts as a vector of numbers has lanes. */
    ShortVector shorts(long at) {
        return onHeap
                ? ByteVector.fromArray(SHORTS_AS_BYTES, array, (int) (base + at))
                        .reinterpretAsShorts()
                : ShortVector.fromMemorySegment(Halves.SHORTS, Lanes.MEMORY, base + at, ByteOrder.LITTLE_ENDIAN);
    }

    byte getByte(long at) {
        return segment.get(ValueLayout.JAVA_BYTE, at);
    }

    short getShort(long at) {
        return segment.get(Blocks.SHORT, at);
    }

    float getFloat(long at) {
        return segment.get(Blocks.FLOAT, at);
    }

    void put(byte value, long at) {
        segment.set(ValueLayout.JAVA_BYTE, at, value);
    }

    void put(short value, long at) {
        segment.set(Blocks.SHORT, at, value);
    }

    void put(float value, long at) {
        segment.set(Blocks.FLOAT, at, value);
    }

    /** Moves the buffer's position behind these bytes. */
    void done(ByteBuffer buffer) {
        buffer.position(buffer.position() + Math.toIntExact(segment.byteSize()));
    }
}
