package io.murmuration.actors.protocol;

import java.util.Comparator;

/**
 * The unit of pipeline work. In the order in which a run does it: a version is measured before it is trained on. Its samples follow from the run's seed alone, so whoever knows the id can draw
 * them.
 */
public record MicrobatchId(Purpose purpose, long step, int index) implements Comparable<MicrobatchId> {

    private static final Comparator<MicrobatchId> ORDER = Comparator.comparingLong(MicrobatchId::step)
            .thenComparing(MicrobatchId::purpose, Comparator.reverseOrder())
            .thenComparingInt(MicrobatchId::index);

    @Override
    public int compareTo(MicrobatchId other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return (purpose == Purpose.TRAIN ? "" : "eval ") + step + "/" + index;
    }
}
