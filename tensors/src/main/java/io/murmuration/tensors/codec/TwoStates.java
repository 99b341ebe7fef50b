package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;

/** A vector and its successor: a rollback forgets the successor, a commit lets the two change places. */
final class TwoStates {

    private Floats now;
    private Floats next;
    private boolean pending;

    TwoStates(Arena arena, long length) {
        now = Floats.allocate(arena, length);
        next = Floats.allocate(arena, length);
    }

    Floats now() {
        return now;
    }

    /** Where the successor goes; what is there means nothing until {@link #prepared}. */
    Floats begin(Floats input) {
        if (pending) {
            throw new IllegalStateException("expected a commit or a rollback of what was compressed last");
        }
        if (input.length() != now.length()) {
            throw new IllegalArgumentException("expected " + now.length() + " numbers, got " + input.length());
        }
        return next;
    }

    Floats next() {
        return next;
    }

    void prepared() {
        pending = true;
    }

    void commit() {
        if (!pending) {
            throw new IllegalStateException("expected something compressed to commit");
        }
        Floats before = now;
        now = next;
        next = before;
        pending = false;
    }

    void rollback() {
        pending = false;
    }
}
