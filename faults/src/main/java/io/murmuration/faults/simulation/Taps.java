package io.murmuration.faults.simulation;

import io.murmuration.actors.run.RunEvent;
import java.util.function.Consumer;

/**
 * Who looks on.
 *
 * @param events told of every {@link RunEvent} as it happens
 */
public record Taps(Consumer<Seen> events, ComputeTap compute, ControlTap control) {

    /**
     * @param time virtual nanoseconds
     * @param node whose coordinator or host says so
     */
    public record Seen(long time, String node, RunEvent event) {}

    /** Hears run events only. */
    public static Taps of(Consumer<Seen> events) {
        return new Taps(events, ComputeTap.NONE, ControlTap.NONE);
    }
}
