package io.murmuration.cluster.transport;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which peers have sent nonsense, and until when they are kept out: a bit longer each time, never longer than a bound, and
 * forgotten after a while without any. Thread-safe.
 */
final class Marks {

    private record Mark(int times, long until) {}

    private final long firstNanos;
    private final long mostNanos;
    private final int remembered;
    private final Map<String, Mark> marks = new LinkedHashMap<>();

    /** @param remembered peers; the one marked longest ago is forgotten first */
    Marks(Duration first, Duration most, int remembered) {
        this.firstNanos = first.toNanos();
        this.mostNanos = most.toNanos();
        this.remembered = remembered;
    }

    synchronized void mark(String peer, long now) {
        Mark before = marks.remove(peer);
        int times = before == null || now - before.until > mostNanos ? 1 : before.times + 1;
        long out = firstNanos;
        for (int i = 1; i < times && out < mostNanos; i++) {
            out = Math.min(2 * out, mostNanos);
        }
        marks.put(peer, new Mark(times, now + out));
        if (marks.size() > remembered) {
            marks.remove(marks.keySet().iterator().next());
        }
    }

    /** Nanoseconds that {@code peer} is still kept out; 0: it may come. */
    synchronized long left(String peer, long now) {
        Mark mark = marks.get(peer);
        return mark == null ? 0 : Math.max(0, mark.until - now);
    }
}
