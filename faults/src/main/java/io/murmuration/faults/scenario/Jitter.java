package io.murmuration.faults.scenario;

import java.time.Duration;

/**
 * How the latency of a link varies from message to message. A latency with its jitter is never below 0.
 *
 * @param size NORMAL: the standard deviation; UNIFORM: the most it is above or below; EXPONENTIAL: the mean of what is added
 */
public record Jitter(Distribution distribution, Duration size) {

    /** What the variation follows. */
    public enum Distribution {
        NORMAL,
        UNIFORM,
        EXPONENTIAL
    }

    /** Always the same latency. */
    public static final Jitter NONE = new Jitter(Distribution.UNIFORM, Duration.ZERO);

    /** As a file could have it. */
    public String text() {
        return Words.of(distribution) + " " + Durations.text(size);
    }
}
