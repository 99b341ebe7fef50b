package io.murmuration.faults.simulation.world;

/** A direction between two nodes. */
public record Pair(String from, String to) {
    public Pair {
        if (from.equals(to)) {
            throw new IllegalArgumentException("no link leads from " + from + " to itself");
        }
    }
}
