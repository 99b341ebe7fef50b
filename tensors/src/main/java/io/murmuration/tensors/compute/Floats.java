package io.murmuration.tensors.compute;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A flat run of fp32 numbers outside the Java heap: parameters, gradients, optimiser state and activations are all this.
 *
 * <p>A {@code Floats} never owns memory: an {@link Arena} does, and whoever opened the arena closes it. Reading after
 * that fails loudly ({@link IllegalStateException}) instead of giving garbage. Slices share memory with their origin.
 * Not thread-safe: whoever writes must be alone.
 */
public final class Floats {

    /** Cache line and widest vector register: what BLAS and the Vector API like best. */
    public static final long ALIGNMENT_BYTES = 64;

    private static final Floats EMPTY = new Floats(MemorySegment.NULL);

    private final MemorySegment segment;
    private final long length;

    private Floats(MemorySegment segment) {
        this.segment = segment;
        this.length = segment.byteSize() / Float.BYTES;
    }

    /** No numbers at all: what a first stage takes as input activations. */
    public static Floats empty() {
        return EMPTY;
    }

    /** Allocates {@code length} zeros that live as long as {@code arena}. */
    public static Floats allocate(Arena arena, long length) {
        if (length < 0) {
            throw new IllegalArgumentException("length must not be negative, was " + length);
        }
        return length == 0
                ? EMPTY
                : new Floats(arena.allocate(Math.multiplyExact(length, (long) Float.BYTES), ALIGNMENT_BYTES));
    }

    /** Copies {@code values} into new memory that lives as long as {@code arena}. */
    public static Floats of(Arena arena, float... values) {
        Floats floats = allocate(arena, values.length);
        floats.copyFrom(values);
        return floats;
    }

    public long length() {
        return length;
    }

    public MemorySegment segment() {
        return segment;
    }

    public float get(long index) {
        return segment.getAtIndex(ValueLayout.JAVA_FLOAT, index);
    }

    public void set(long index, float value) {
        segment.setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
    }

    /** The {@code count} numbers from {@code offset} on, sharing this memory. */
    public Floats slice(long offset, long count) {
        return new Floats(segment.asSlice(offset * Float.BYTES, count * Float.BYTES));
    }

    public void clear() {
        segment.fill((byte) 0);
    }

    /** Copies all of {@code source}; the lengths must agree. */
    public void copyFrom(Floats source) {
        requireLength(source.length);
        segment.copyFrom(source.segment);
    }

    /** Copies all of {@code source}; the lengths must agree. */
    public void copyFrom(float[] source) {
        requireLength(source.length);
        MemorySegment.copy(source, 0, segment, ValueLayout.JAVA_FLOAT, 0, source.length);
    }

    public float[] toArray() {
        return segment.toArray(ValueLayout.JAVA_FLOAT);
    }

    private void requireLength(long other) {
        if (other != length) {
            throw new IllegalArgumentException("expected " + length + " numbers, got " + other);
        }
    }
}
