package io.murmuration.actors.routing;

import java.util.Arrays;

/**
 * How long to wait for an answer: median + k * MAD of what was observed, between a floor and a ceiling. Fixed time-outs
 * either fire on slow links or sleep through failures on fast ones.
 */
public final class AdaptiveDeadline {

    /** Enough for a stable median, few enough to follow a change within some seconds of traffic. */
    private static final int WINDOW = 64;

    /** Below this a median says nothing; the ceiling holds. */
    private static final int MINIMUM = 8;

    /**
     * @param floorNanos never give up earlier: a collection or a busy machine is no failure
     * @param ceilingNanos never wait longer
     * @param deviations k, how many MADs above the median
     */
    public record Settings(long floorNanos, long ceilingNanos, double deviations) {
        public Settings {
            if (floorNanos <= 0 || ceilingNanos < floorNanos || !(deviations > 0)) {
                throw new IllegalArgumentException("a deadline needs 0 < floor <= ceiling and deviations > 0, got "
                        + floorNanos + " ns, " + ceilingNanos + " ns, " + deviations);
            }
        }
    }

    private final Settings settings;
    private final long[] window = new long[WINDOW];
    private long observed;

    public AdaptiveDeadline(Settings settings) {
        this.settings = settings;
    }

    public void observe(long nanos) {
        window[(int) (observed % WINDOW)] = nanos;
        observed++;
    }

    public long nanos() {
        if (observed < MINIMUM) {
            return settings.ceilingNanos();
        }
        long[] sorted = Arrays.copyOf(window, (int) Math.min(observed, WINDOW));
        long median = median(sorted);
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = Math.abs(sorted[i] - median);
        }
        double deadline = median + settings.deviations() * median(sorted);
        return (long) Math.clamp(deadline, settings.floorNanos(), settings.ceilingNanos());
    }

    private static long median(long[] values) {
        Arrays.sort(values);
        return values[values.length / 2];
    }
}
