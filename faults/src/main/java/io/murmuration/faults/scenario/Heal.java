package io.murmuration.faults.scenario;

import java.time.Duration;

/** When all faults are healed, so that the run must make progress again. */
public sealed interface Heal {

    /** Early enough before the end for the liveness phase: see {@link Scenario#healing()}. */
    record BeforeEnd() implements Heal {}

    /** At that time. */
    record At(Duration time) implements Heal {}

    /** Faults stay as their events say. */
    record Never() implements Heal {}
}
