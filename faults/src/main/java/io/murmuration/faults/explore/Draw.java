package io.murmuration.faults.explore;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/** Chance of one seed, in the order in which it is asked. */
final class Draw {

    /** Microseconds; above it milliseconds are as good. */
    private static final long COARSE = 10_000;

    private final SplittableRandom chance;

    Draw(long seed) {
        // One round apart: scenarios draw from their seed themselves.
        this.chance = new SplittableRandom(seed).split();
    }

    boolean happens(double probability) {
        return chance.nextDouble() < probability;
    }

    /** From {@code least} to {@code most}, both included. */
    int whole(int least, int most) {
        return chance.nextInt(least, most + 1);
    }

    <T> T of(List<T> any) {
        return any.get(chance.nextInt(any.size()));
    }

    /** Every order of magnitude is as likely as any other. */
    double spread(double least, double most) {
        return least * Math.pow(most / least, chance.nextDouble());
    }

    /** As {@link #spread}, in whole milliseconds, or microseconds where these would be too coarse. */
    String time(Duration least, Duration most) {
        long micros = Math.round(spread(least.toNanos() / 1e3, most.toNanos() / 1e3));
        return micros < COARSE ? micros + "us" : micros / 1000 + "ms";
    }

    /** A probability with three digits. */
    String probability(double least, double most) {
        return String.format(Locale.ROOT, "%.3g", spread(least, most));
    }
}
