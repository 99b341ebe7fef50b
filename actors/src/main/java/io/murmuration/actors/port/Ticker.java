package io.murmuration.actors.port;

/** Monotonic time in nanoseconds from an arbitrary origin. */
@FunctionalInterface
public interface Ticker {
    long nanos();
}
