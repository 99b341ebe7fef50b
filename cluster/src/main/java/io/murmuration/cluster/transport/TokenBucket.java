package io.murmuration.cluster.transport;

/**
 * Holds what is sent to a rate: bytes may be sent while it is not in debt, and what is sent beyond what it holds is paid
 * off first. Time is given from outside. Thread-safe: all connections of a class share one.
 */
final class TokenBucket {

    private static final double NANOS = 1e9;

    private final double bytesPerNano;
    private final double most;
    private double level;
    private long at;

    /**
     * @param rate bytes per second, above 0
     * @param burst bytes that may be sent at once after a pause
     */
    TokenBucket(long rate, long burst, long now) {
        this.bytesPerNano = rate / NANOS;
        this.most = burst;
        this.level = burst;
        this.at = now;
    }

    /** Nanoseconds until something may be sent; 0: now. */
    synchronized long delay(long now) {
        fill(now);
        return level > 0 ? 0 : (long) Math.ceil((1 - level) / bytesPerNano);
    }

    synchronized void spend(long bytes, long now) {
        fill(now);
        level -= bytes;
    }

    private void fill(long now) {
        level = Math.min(most, level + Math.max(0, now - at) * bytesPerNano);
        at = Math.max(at, now);
    }
}
