package io.murmuration.cluster.membership;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How often nodes may be removed because their ports refuse connections: once a life, and so many a minute. Witnesses may
 * lie or stand behind the same firewall; what is beyond the number is left to the failure detector. Not thread-safe.
 */
final class QuickRemovals {

    private static final long WINDOW = Duration.ofMinutes(1).toNanos();

    /** Nodes of which it is remembered which life was removed; the longest known makes room. */
    static final int MOST_NODES = 1024;

    private final int most;
    private final Deque<Long> recent = new ArrayDeque<>();
    private final Map<String, Long> lives = new LinkedHashMap<>();

    /** @param most in a minute; 0: none */
    QuickRemovals(int most) {
        this.most = most;
    }

    /**
     * Counts a removal, if there may be one.
     *
     * @param now monotonic time
     */
    boolean allows(String node, long life, long now) {
        while (!recent.isEmpty() && now - recent.getFirst() >= WINDOW) {
            recent.removeFirst();
        }
        Long removed = lives.get(node);
        if (recent.size() >= most || removed != null && removed >= life) {
            return false;
        }
        recent.addLast(now);
        lives.remove(node);
        lives.put(node, life);
        if (lives.size() > MOST_NODES) {
            lives.remove(lives.keySet().iterator().next());
        }
        return true;
    }
}
