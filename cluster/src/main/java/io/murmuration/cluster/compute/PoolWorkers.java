package io.murmuration.cluster.compute;

import io.murmuration.tensors.compute.Workers;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.IntConsumer;

/**
 * Workers over the threads of a pool: the caller does pieces, and so does every thread of the pool that comes by while
 * there are some left. Nobody waits for a thread to become free, so a pool may be its own caller and as busy as it likes:
 * pieces that nobody took the caller does itself.
 *
 * <p>Thread-safe. Never call it from an actor: it waits for the pieces that others have begun.
 */
public final class PoolWorkers implements Workers {

    private final Executor pool;
    private final int helpers;

    /** @param helpers threads that may take part besides the caller */
    public PoolWorkers(Executor pool, int helpers) {
        if (helpers < 0) {
            throw new IllegalArgumentException("helpers must not be negative, was " + helpers);
        }
        this.pool = pool;
        this.helpers = helpers;
    }

    @Override
    public void run(int pieces, IntConsumer piece) {
        Batch batch = new Batch(pieces, piece);
        try {
            for (int i = 0; i < Math.min(helpers, pieces - 1); i++) {
                pool.execute(batch::work);
            }
        } catch (RejectedExecutionException closing) {
            // A pool that is being closed takes no helpers any more: the caller does what they would have done.
            batch.work();
        }
        batch.work();
        batch.awaitBegun();
        batch.rethrow();
    }

    /** The pieces of one call. They are taken in order, so those below a failed one have all been taken. */
    private static final class Batch {

        private final int pieces;
        private final IntConsumer piece;
        private int next;
        private int underWay;
        private int failed = Integer.MAX_VALUE;
        private Throwable failure;

        Batch(int pieces, IntConsumer piece) {
            this.pieces = pieces;
            this.piece = piece;
        }

        void work() {
            for (int number = take(); number < pieces; number = take()) {
                Throwable thrown = null;
                try {
                    piece.accept(number);
                } catch (RuntimeException | Error e) {
                    thrown = e; // for the caller: see rethrow
                }
                finished(number, thrown);
            }
        }

        private synchronized int take() {
            if (failure != null || next == pieces) {
                return pieces;
            }
            underWay++;
            return next++;
        }

        private synchronized void finished(int number, Throwable thrown) {
            if (thrown != null && number < failed) {
                failed = number;
                failure = thrown;
            }
            underWay--;
            if (underWay == 0) {
                notifyAll();
            }
        }

        synchronized void awaitBegun() {
            boolean interrupted = false;
            while (underWay > 0) {
                try {
                    wait();
                } catch (InterruptedException e) {
                    interrupted = true; // others still write where the caller looks next: wait on, and say so later
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        synchronized void rethrow() {
            switch (failure) {
                case null -> {}
                case RuntimeException e -> throw e;
                case Error e -> throw e;
                default -> throw new AssertionError(failure);
            }
        }
    }
}
