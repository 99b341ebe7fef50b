package io.murmuration.tensors.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Counts what is asked of it and gives segments of that size without memory: they must not be touched. */
final class CountingArena implements Arena {

    private long bytes;

    /** Asked for so far. */
    long bytes() {
        return bytes;
    }

    @Override
    @SuppressWarnings("restricted") // a segment nobody reads or writes
    public MemorySegment allocate(long byteSize, long byteAlignment) {
        bytes = Math.addExact(bytes, byteSize);
        return MemorySegment.NULL.reinterpret(byteSize);
    }

    @Override
    public MemorySegment.Scope scope() {
        return MemorySegment.NULL.scope();
    }

    @Override
    public void close() {}
}
