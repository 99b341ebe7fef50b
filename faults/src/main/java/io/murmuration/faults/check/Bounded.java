package io.murmuration.faults.check;

import io.murmuration.faults.simulation.Level;
import java.util.List;

/**
 * No queue, window or memory goes beyond its limit. Looked at every virtual second; what rises and falls in between is not
 * seen, which for queues that are emptied by their limit only is no loss.
 */
public final class Bounded extends Check {

    private boolean looked;

    public Bounded() {
        super("queues and memory are bounded");
    }

    @Override
    public void sampled(long time, List<Level> levels) {
        looked = true;
        for (Level level : levels) {
            if (level.value() > level.limit()) {
                violated(time, level.what() + ": " + level.value() + ", at most " + level.limit() + " are allowed");
            }
        }
    }

    /** Whether anything was looked at. */
    public boolean looked() {
        return looked;
    }
}
