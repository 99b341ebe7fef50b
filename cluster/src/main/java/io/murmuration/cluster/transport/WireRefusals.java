package io.murmuration.cluster.transport;

import java.util.Comparator;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How often who was turned away for what. Bounded: whoever comes when it is full is counted together. Also tells the counts of
 * the node, which keep the reason only. Thread-safe.
 */
public final class WireRefusals {

    /** What is counted together when there are too many names. */
    public static final String OTHERS = "(others)";

    /** Who has not said a name that could be believed. */
    public static final String STRANGER = "(stranger)";

    /**
     * What is counted.
     *
     * @param peer name of a node, or one of the two above
     * @param reason of a {@link Rejection}, or what was wrong with a frame
     */
    public record Key(String peer, String reason) implements Comparable<Key> {
        private static final Comparator<Key> ORDER =
                Comparator.comparing(Key::peer).thenComparing(Key::reason);

        @Override
        public int compareTo(Key other) {
            return ORDER.compare(this, other);
        }
    }

    private final int most;
    private final WireCounts all;
    private final SortedMap<Key, Long> counts = new TreeMap<>();

    WireRefusals(int most, WireCounts all) {
        this.most = most;
        this.all = all;
    }

    synchronized void count(String peer, Enum<?> reason) {
        all.turnedAway(reason);
        Key key = new Key(peer, reason.name());
        boolean fits = counts.containsKey(key) || counts.size() < most;
        counts.merge(fits ? key : new Key(OTHERS, reason.name()), 1L, Long::sum);
    }

    /** A copy. */
    public synchronized SortedMap<Key, Long> counts() {
        return new TreeMap<>(counts);
    }
}
