package io.murmuration.actors.planted;

import java.time.Clock;
import java.time.Instant;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/** Breaks a rule of the architecture, on purpose: each method in its own way. */
public final class ReadsTheClock {
    long nanos() {
        return System.nanoTime();
    }

    LongSupplier referenceToNanos() {
        return System::nanoTime;
    }

    long millis() {
        return System.currentTimeMillis();
    }

    Instant instant() {
        return Instant.now();
    }

    Clock clock() {
        return Clock.systemUTC();
    }

    int threadLocal() {
        return ThreadLocalRandom.current().nextInt();
    }

    double chance() {
        return Math.random();
    }

    Random unseeded() {
        return new Random();
    }

    SplittableRandom unseededToo() {
        return new SplittableRandom();
    }

    UUID name() {
        return UUID.randomUUID();
    }

    void sleeps() throws InterruptedException {
        Thread.sleep(1);
    }
}
