package io.murmuration.faults.scenario.cli;

import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Finds fewer events with which a scenario still fails: delta debugging (Zeller and Hildebrandt 2002) on the list of
 * events. Events keep their numbers, so chance draws the same nodes.
 */
final class Shrinking {

    /** Each try is a run. */
    private final int mostTries;

    private int tries;

    Shrinking(int mostTries) {
        this.mostTries = mostTries;
    }

    /** Runs that were needed. */
    int tries() {
        return tries;
    }

    /**
     * The scenario with the events that are left, in their order. No single one can be left out, unless the tries were used
     * up before that was known.
     *
     * @param fails whether a scenario fails; the given one does
     */
    Scenario shrink(Scenario failing, Predicate<Scenario> fails) {
        List<ScenarioEvent> kept = new ArrayList<>(failing.events());
        int parts = 2;
        while (!kept.isEmpty() && tries < mostTries) {
            parts = Math.min(parts, kept.size());
            int size = (kept.size() + parts - 1) / parts;
            boolean smaller = false;
            for (int from = 0; from < kept.size() && !smaller && tries < mostTries; from += size) {
                List<ScenarioEvent> rest = new ArrayList<>(kept);
                rest.subList(from, Math.min(kept.size(), from + size)).clear();
                tries++;
                if (fails.test(failing.withEvents(rest))) {
                    kept = rest;
                    parts = Math.max(2, parts - 1);
                    smaller = true;
                }
            }
            if (!smaller) {
                if (size == 1) {
                    break;
                }
                parts *= 2;
            }
        }
        return failing.withEvents(kept);
    }
}
