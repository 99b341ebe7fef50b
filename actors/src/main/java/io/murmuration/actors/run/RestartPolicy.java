package io.murmuration.actors.run;

import io.murmuration.actors.protocol.PeerId;
import java.util.Map;
import java.util.TreeMap;

/**
 * How often a peer may come back after it failed: a peer that keeps failing is given up and its work is done elsewhere.
 * Counts, not clocks, decide. Pure and single-threaded.
 */
final class RestartPolicy {

    private final int limit;
    private final Map<PeerId, Integer> failures = new TreeMap<>();

    /** @param limit restarts of one peer in a run */
    RestartPolicy(int limit) {
        this.limit = limit;
    }

    /** Counts a failure; true if the peer may come back. */
    boolean failed(PeerId peer) {
        return failures.merge(peer, 1, Integer::sum) <= limit;
    }
}
