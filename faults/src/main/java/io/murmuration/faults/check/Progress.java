package io.murmuration.faults.check;

import io.murmuration.actors.run.RunEvent;
import java.time.Duration;
import java.util.OptionalLong;

/** After the last fault is healed, steps are committed again within a bound, and until the run is over. */
public final class Progress extends Check {

    private final long bound;
    private OptionalLong healed = OptionalLong.empty();
    private long last;
    private boolean finished;

    /** @param bound most time without a committed step once the world is well */
    public Progress(Duration bound) {
        super("progress after healing");
        this.bound = bound.toNanos();
    }

    @Override
    public void healed(long time) {
        healed = OptionalLong.of(time);
        last = time;
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.StepCommitted committed -> moved(time);
            case RunEvent.Finished over -> {
                moved(time);
                finished = true;
            }
            case RunEvent.Failed failed -> {
                finished = true;
                violated(time, "the run failed: " + failed.reason());
            }
            default -> {}
        }
    }

    private void moved(long time) {
        late(time);
        last = time;
    }

    @Override
    public void over(long time) {
        if (!finished) {
            late(time);
        }
    }

    /** Nobody waits for it any longer. */
    public void stoodStill(long time, Duration since) {
        finished = true;
        violated(time, "no step for " + since.toMinutes() + " minutes, and nothing is to be healed");
    }

    private void late(long time) {
        if (healed.isPresent() && time - last > bound) {
            violated(
                    time,
                    "no step was committed for " + Duration.ofNanos(time - last).toMillis() + " ms after "
                            + Duration.ofNanos(last).toMillis() + " ms, with nothing wrong in the world");
        }
    }
}
