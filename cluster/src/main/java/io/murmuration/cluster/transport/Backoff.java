package io.murmuration.cluster.transport;

import java.time.Duration;
import java.util.random.RandomGenerator;

/**
 * How long to wait before the next attempt: it doubles with each failure up to a bound, and half of it is chance, so that
 * those who lost the same peer do not come back at once. Not thread-safe.
 */
final class Backoff {

    private final long firstNanos;
    private final long mostNanos;
    private final RandomGenerator chance;
    private int failures;

    Backoff(Duration first, Duration most, RandomGenerator chance) {
        this.firstNanos = first.toNanos();
        this.mostNanos = most.toNanos();
        this.chance = chance;
    }

    /** Another attempt has failed; the wait is between half and all of its bound. */
    Duration failed() {
        long bound = firstNanos;
        for (int i = 0; i < failures && bound < mostNanos; i++) {
            bound = Math.min(2 * bound, mostNanos);
        }
        failures++;
        long half = bound / 2;
        return Duration.ofNanos(half + chance.nextLong(half + 1));
    }

    void succeeded() {
        failures = 0;
    }

    /** Failures in a row. */
    int failures() {
        return failures;
    }
}
