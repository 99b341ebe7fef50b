package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Workers;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * Cuts a flat run of numbers into pieces that workers do independently. Where the cuts are follows from the length and
 * the codec's block alone, never from the number of workers.
 */
final class Pieces {

    /** Numbers per piece, about: 256 KiB of fp32, thousands of times the cost of handing a piece over. */
    static final int LENGTH = 65_536;

    /** Does the numbers from {@code from} to before {@code to}; {@code from} is a multiple of the block. */
    @FunctionalInterface
    interface Body<S> {
        void run(S scratch, long from, long to);
    }

    private Pieces() {}

    /**
     * Runs the body over all pieces.
     *
     * @param block no cut falls inside a run of this many numbers
     * @param scratch makes what a worker needs to work with; as many are made as workers come at once, and they are
     *     used again and again, so that garbage does not grow with the tensor
     */
    static <S> void run(Workers workers, long length, int block, Supplier<S> scratch, Body<S> body) {
        long piece = length(block);
        int pieces = Math.toIntExact(Math.ceilDiv(length, piece));
        if (pieces == 1) {
            body.run(scratch.get(), 0, length);
            return;
        }
        Queue<S> free = new ConcurrentLinkedQueue<>();
        workers.run(pieces, number -> {
            S taken = free.poll();
            S own = taken == null ? scratch.get() : taken;
            body.run(own, number * piece, Math.min(length, (number + 1) * piece));
            free.add(own);
        });
    }

    /** Numbers in every piece but the last. */
    static long length(int block) {
        return Math.ceilDiv(LENGTH, block) * (long) block;
    }
}
