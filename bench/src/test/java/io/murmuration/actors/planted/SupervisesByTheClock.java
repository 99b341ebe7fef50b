package io.murmuration.actors.planted;

import java.time.Duration;
import org.apache.pekko.actor.typed.SupervisorStrategy;

/** Breaks a rule of the architecture, on purpose: each method in its own way. */
public final class SupervisesByTheClock {
    SupervisorStrategy limited() {
        return SupervisorStrategy.restart().withLimit(3, Duration.ofMinutes(1));
    }

    SupervisorStrategy backsOff() {
        return SupervisorStrategy.restartWithBackoff(Duration.ofSeconds(1), Duration.ofSeconds(9), 0.1);
    }
}
