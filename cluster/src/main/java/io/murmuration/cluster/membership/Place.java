package io.murmuration.cluster.membership;

import java.util.Comparator;

/**
 * One life of an actor system in the cluster. Ordered by address, so that all nodes put the same ones first.
 *
 * @param address where it is found
 * @param uid which of those that were found there
 */
record Place(String address, long uid) implements Comparable<Place> {

    private static final Comparator<Place> ORDER =
            Comparator.comparing(Place::address).thenComparingLong(Place::uid);

    @Override
    public int compareTo(Place other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return address;
    }
}
