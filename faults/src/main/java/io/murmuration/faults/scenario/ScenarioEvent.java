package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.Optional;

/**
 * Something that happens to the world.
 *
 * @param index position in the file, from 0: with it chance is drawn
 * @param lasts how long; empty: until healed or for good
 */
public record ScenarioEvent(int index, Trigger trigger, Action action, Optional<Duration> lasts, Place place) {

    /** In a few words. */
    public String text() {
        return action.text() + lasts.map(time -> " for " + Durations.text(time)).orElse("");
    }
}
