package io.murmuration.tensors.compute;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;

/**
 * A flat run of numbers cut into pieces that workers do independently. Where the cuts are follows from the length and the
 * block that must stay whole alone, never from the number of workers: partial results per piece, put together in order, are
 * the same bits for any number of threads.
 *
 * @param total numbers in all
 * @param length numbers in every piece but the last
 */
public record Pieces(long total, long length) {

    /** Numbers per piece, about: 256 KiB of fp32, thousands of times the cost of handing a piece over. */
    public static final int LENGTH = 65_536;

    /** Does piece {@code number}: the numbers from {@code from} to before {@code to}. */
    @FunctionalInterface
    public interface Body<S> {
        void run(S scratch, int number, long from, long to);
    }

    /** Pieces of about {@link #LENGTH}; no cut falls inside a block. */
    public static Pieces of(long total, int block) {
        return new Pieces(total, Math.ceilDiv(LENGTH, block) * (long) block);
    }

    /** The same, but not more of them than {@code most}: for what leaves something behind for every piece. */
    public static Pieces atMost(int most, long total, int block) {
        long length = Math.max(LENGTH, Math.ceilDiv(total, (long) most));
        return new Pieces(total, Math.ceilDiv(length, (long) block) * block);
    }

    /** How many there are. */
    public int count() {
        return Math.toIntExact(Math.ceilDiv(total, length));
    }

    /**
     * Runs the body over all pieces.
     *
     * @param scratch makes what a worker needs to work with; as many are made as workers come at once, and they are
     *     used again and again, so that garbage does not grow with the tensor
     */
    public <S> void run(Workers workers, Supplier<S> scratch, Body<S> body) {
        if (count() == 1) {
            body.run(scratch.get(), 0, 0, total);
            return;
        }
        Queue<S> free = new ConcurrentLinkedQueue<>();
        workers.run(count(), number -> {
            S taken = free.poll();
            S own = taken == null ? scratch.get() : taken;
            body.run(own, number, number * length, Math.min(total, (number + 1) * length));
            free.add(own);
        });
    }
}
