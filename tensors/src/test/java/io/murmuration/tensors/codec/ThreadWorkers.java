package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Workers;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;

/** Three threads, the last pieces first: what a serial run would hide shows here. */
public final class ThreadWorkers implements Workers {

    private static final int THREADS = 3;

    @Override
    public void run(int pieces, IntConsumer piece) {
        AtomicInteger left = new AtomicInteger(pieces);
        Map<Integer, RuntimeException> failures = new ConcurrentSkipListMap<>();
        Thread[] threads = new Thread[THREADS];
        for (int i = 0; i < THREADS; i++) {
            threads[i] = Thread.ofPlatform().start(() -> {
                for (int next = left.decrementAndGet(); next >= 0; next = left.decrementAndGet()) {
                    try {
                        piece.accept(next);
                    } catch (RuntimeException e) {
                        failures.put(next, e);
                    }
                }
            });
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
        if (!failures.isEmpty()) {
            throw failures.values().iterator().next(); // of the lowest piece
        }
    }
}
