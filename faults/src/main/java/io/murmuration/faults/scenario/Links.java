package io.murmuration.faults.scenario;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The links between regions, within a region included.
 *
 * @param byPair those that a scenario names, both ways already told apart
 */
public record Links(LinkSettings defaults, Map<Pair, LinkSettings> byPair) {

    /** Two regions, in the direction of the messages; written {@code "a->b"}. */
    public record Pair(String from, String to) implements Comparable<Pair> {
        @Override
        public int compareTo(Pair other) {
            int first = from.compareTo(other.from);
            return first != 0 ? first : to.compareTo(other.to);
        }

        @Override
        public String toString() {
            return from + "->" + to;
        }
    }

    public Links {
        byPair = Collections.unmodifiableMap(new TreeMap<>(byPair));
    }

    /** How messages travel from a node of one region to a node of another, or of the same. */
    public LinkSettings between(String from, String to) {
        return byPair.getOrDefault(new Pair(from, to), defaults);
    }
}
