package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.Optional;

/** When an event happens; times are since the start of the run. */
public sealed interface Trigger {

    /** Once, at that time. */
    record At(Duration time) implements Trigger {
        @Override
        public String text() {
            return "at " + Durations.text(time);
        }
    }

    /** Once, when that step is opened; the first is 0. */
    record AtStep(long step) implements Trigger {
        @Override
        public String text() {
            return "step " + step;
        }
    }

    /** Once, as soon as the predicate holds. */
    record When(Predicate predicate) implements Trigger {
        @Override
        public String text() {
            return "when " + predicate.text();
        }
    }

    /**
     * Again and again, first at {@code from}.
     *
     * @param until no more from then on; empty: until faults are healed or the run ends
     */
    record Every(Duration period, Duration from, Optional<Duration> until) implements Trigger {
        @Override
        public String text() {
            return "every " + Durations.text(period) + " from " + Durations.text(from)
                    + until.map(end -> " until " + Durations.text(end)).orElse("");
        }
    }

    /** The event brings its own times (a trace). */
    record OwnTimes() implements Trigger {
        @Override
        public String text() {
            return "trace";
        }
    }

    /** In a few words. */
    String text();
}
