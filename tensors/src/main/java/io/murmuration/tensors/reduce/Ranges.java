package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;

/**
 * Cuts a vector into pieces that workers share. The cut follows from the length alone, never from the number of workers, so
 * partial sums per piece, added in order, are the same bits for any number of threads.
 */
final class Ranges {

    /** Enough pieces to share out evenly; few enough that what each allocates does not add up. */
    private static final int MOST_PIECES = 64;

    /** A multiple of every block and vector width here; below it a piece costs more to hand out than to do. */
    private static final long LEAST_LENGTH = 16_384;

    /** What is to be done to the numbers from {@code from} to before {@code to}. */
    @FunctionalInterface
    interface Piece {
        void run(int piece, long from, long to);
    }

    private Ranges() {}

    static int pieces(long length) {
        return of(length).count();
    }

    static void run(Workers workers, long length, Piece task) {
        of(length).run(workers, () -> task, Piece::run);
    }

    private static Pieces of(long length) {
        return new Pieces(
                length,
                Math.max(1, Math.ceilDiv(Math.ceilDiv(length, (long) MOST_PIECES), LEAST_LENGTH)) * LEAST_LENGTH);
    }
}
