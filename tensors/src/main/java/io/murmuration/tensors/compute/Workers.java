package io.murmuration.tensors.compute;

import java.util.function.IntConsumer;

/**
 * Who does work that falls into independent pieces. Nothing here starts a thread: a node brings workers that share its
 * compute threads, and whoever has none does the pieces itself.
 *
 * <p>What a piece computes must not depend on who does it, when, or how many there are: so the bits do not either.
 */
@FunctionalInterface
public interface Workers {

    /** The caller does all pieces, in order. */
    Workers SERIAL = (pieces, piece) -> {
        for (int i = 0; i < pieces; i++) {
            piece.accept(i);
        }
    };

    /**
     * Does pieces 0 to {@code pieces - 1}, each exactly once, and returns when all are done; the caller takes part. If
     * pieces fail, some of the others may be left undone, and what the lowest of the failing ones threw is thrown here
     * when none is under way any more.
     *
     * @param piece may be called by several threads at once
     */
    void run(int pieces, IntConsumer piece);
}
