package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.OptionalLong;

/**
 * How messages travel from one region to another, one way.
 *
 * @param latency time from the last bit sent to its arrival
 * @param rate bits a second of one node's traffic to one other node; empty: no limit
 * @param corrupt probability that a message arrives changed (and is found out by its checksum)
 * @param duplicate probability that a message arrives twice
 * @param reorder probability that a message is overtaken by those behind it
 */
public record LinkSettings(
        Duration latency,
        Jitter jitter,
        OptionalLong rate,
        Loss loss,
        double corrupt,
        double duplicate,
        double reorder) {

    /** What a link is where a scenario says nothing: 1 ms, no limit, no loss. */
    public static final LinkSettings DEFAULT =
            new LinkSettings(Duration.ofMillis(1), Jitter.NONE, OptionalLong.empty(), Loss.NONE, 0, 0, 0);

    /** In one line. */
    public String text() {
        return "latency " + Durations.text(latency)
                + (jitter.size().isZero() ? "" : ", jitter " + jitter.text())
                + (rate.isPresent() ? ", rate " + Rates.text(rate.getAsLong()) : "")
                + (loss.equals(Loss.NONE) ? "" : ", loss " + loss.text())
                + (corrupt == 0 ? "" : ", corrupt " + corrupt)
                + (duplicate == 0 ? "" : ", duplicate " + duplicate)
                + (reorder == 0 ? "" : ", reorder " + reorder);
    }
}
