package io.murmuration.cluster.compute;

import io.murmuration.tensors.compute.Workers;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.function.IntConsumer;

/**
 * Workers over the threads of a pool: the caller does pieces, and so does every thread of the pool that comes by while
 * there are some left. Nobody waits for a thread to become free, so a pool may be its own caller and as busy as it likes:
 * pieces that nobody took the caller does itself.
 *
 * <p>At most as many tasks wait in the pool as there are helpers, however many calls there are: a task helps whoever has
 * pieces left when its turn comes, and holds nothing of a call that is over.
 *
 * <p>Thread-safe. Never call it from an actor: it waits for the pieces that others have begun.
 */
public final class PoolWorkers implements Workers {

    private final Executor pool;
    private final int helpers;
    private final Semaphore idle;
    /** Calls that may have pieces left. */
    private final Queue<Batch> open = new ConcurrentLinkedQueue<>();

    /** @param helpers threads that may take part besides the callers */
    public PoolWorkers(Executor pool, int helpers) {
        if (helpers < 0) {
            throw new IllegalArgumentException("helpers must not be negative, was " + helpers);
        }
        this.pool = pool;
        this.helpers = helpers;
        this.idle = new Semaphore(helpers);
    }

    @Override
    public void run(int pieces, IntConsumer piece) {
        Batch batch = new Batch(pieces, piece);
        open.add(batch);
        for (int i = 0; i < Math.min(helpers, pieces - 1) && idle.tryAcquire(); i++) {
            callHelper();
        }
        batch.work();
        open.remove(batch);
        batch.awaitBegun();
        batch.rethrow();
    }

    private void callHelper() {
        try {
            pool.execute(this::help);
        } catch (RejectedExecutionException closing) {
            idle.release(); // a pool that is being closed takes no helpers any more: the caller does the pieces itself
        }
    }

    private void help() {
        try {
            open.forEach(Batch::work);
        } finally {
            idle.release();
        }
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
