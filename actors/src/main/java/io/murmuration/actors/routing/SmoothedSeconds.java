package io.murmuration.actors.routing;

/**
 * What something takes, as a moving average in seconds: a new observation counts for a tenth (SWARM's value, in the code of
 * yandex-research/swarm), and the first few are not pulled to the 0 that the average begins with. Not thread-safe.
 */
public final class SmoothedSeconds {

    private static final double SMOOTHING = 0.1;

    private double average;
    private long observations;

    /** @param seconds what it took this time; positive */
    public void add(double seconds) {
        average = (1 - SMOOTHING) * average + SMOOTHING * seconds;
        observations++;
    }

    /** Whether anything was observed. */
    public boolean known() {
        return observations > 0;
    }

    /** Seconds; not a number while nothing is known. */
    public double value() {
        return average / (1 - Math.pow(1 - SMOOTHING, observations));
    }
}
