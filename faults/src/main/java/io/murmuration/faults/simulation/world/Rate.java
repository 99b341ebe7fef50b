package io.murmuration.faults.simulation.world;

/** How much passes in a second. */
public record Rate(double bitsPerSecond) {

    /** As much as anybody has to send. */
    public static final Rate UNLIMITED = new Rate(Double.POSITIVE_INFINITY);

    public Rate {
        if (!(bitsPerSecond > 0)) {
            throw new IllegalArgumentException("a rate is above 0 bit/s, got " + bitsPerSecond);
        }
    }

    public static Rate megabits(double perSecond) {
        return new Rate(perSecond * 1e6);
    }

    public boolean limited() {
        return bitsPerSecond != Double.POSITIVE_INFINITY;
    }
}
