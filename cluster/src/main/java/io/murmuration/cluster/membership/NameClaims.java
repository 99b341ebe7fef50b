package io.murmuration.cluster.membership;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Who comes with a name that is taken may be the next life of that node, whose last one died a moment ago and is not missed
 * yet. So it is not turned away before it would have been missed; until then it hears nothing and greets again. Not thread-safe.
 */
final class NameClaims {

    /** Claims that are remembered at a time; who comes when there are as many is told at once. */
    static final int MOST = 64;

    /** Claims are forgotten after so many times the patience. */
    private static final int MEMORY = 4;

    private final Duration patience;
    /** When each address came first, the longest ago first. */
    private final Map<String, Long> since = new LinkedHashMap<>();

    /** @param patience how long after its death a node may not be missed */
    NameClaims(Duration patience) {
        this.patience = patience;
    }

    /** Whether who comes from {@code address}, and may not, has waited long enough to be told so. */
    boolean settled(String address, long nowNanos) {
        since.values().removeIf(at -> nowNanos - at >= MEMORY * patience.toNanos());
        if (!since.containsKey(address) && since.size() == MOST) {
            return true;
        }
        return nowNanos - since.computeIfAbsent(address, first -> nowNanos) >= patience.toNanos();
    }
}
