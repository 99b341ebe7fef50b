package io.murmuration.cluster.node;

import io.murmuration.cluster.run.StopSignal;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/** What is read before a node begins, which for a large text takes minutes: whoever asks it to stop does not wait for that. */
final class Reading {

    /** How often the stop signal is looked at. */
    private static final long POLL_MILLIS = 50;

    private Reading() {}

    /**
     * Reads in a thread of its own, which is interrupted and left to itself when {@code stop} is requested: the process ends, and
     * files that others read are written whole or not at all.
     *
     * @return what was read; empty if it was to stop
     */
    static <T> Optional<T> unlessStopped(StopSignal stop, Supplier<T> read) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread reader = Thread.ofPlatform().daemon().name("murmuration-reading").start(() -> {
            try {
                result.complete(read.get());
            } catch (RuntimeException | Error e) {
                result.completeExceptionally(e);
            }
        });
        try {
            while (!stop.requested()) {
                try {
                    return Optional.of(result.get(POLL_MILLIS, TimeUnit.MILLISECONDS));
                } catch (TimeoutException e) {
                    continue; // it reads on
                }
            }
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException error -> throw error;
                case Error error -> throw error;
                default -> throw new IllegalStateException("reading throws nothing that is checked", e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reader.interrupt();
        return Optional.empty();
    }
}
