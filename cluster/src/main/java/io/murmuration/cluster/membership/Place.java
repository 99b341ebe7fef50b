package io.murmuration.cluster.membership;

/**
 * One life of an actor system in the cluster.
 *
 * @param address where it is found
 * @param uid which of those that were found there
 */
record Place(String address, long uid) {
    @Override
    public String toString() {
        return address;
    }
}
