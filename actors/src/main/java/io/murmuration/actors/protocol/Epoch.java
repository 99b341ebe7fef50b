package io.murmuration.actors.protocol;

import java.util.Comparator;

/**
 * Fences control messages: the term is taken anew by every coordinator, the number grows with every roster of that
 * term. Whoever has seen a higher epoch refuses a lower one.
 */
public record Epoch(long term, long number) implements Comparable<Epoch> {

    /** Before anybody commanded. */
    public static final Epoch NONE = new Epoch(0, 0);

    private static final Comparator<Epoch> ORDER =
            Comparator.comparingLong(Epoch::term).thenComparingLong(Epoch::number);

    public Epoch next() {
        return new Epoch(term, number + 1);
    }

    @Override
    public int compareTo(Epoch other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return term + "." + number;
    }
}
