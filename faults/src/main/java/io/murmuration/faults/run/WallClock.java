package io.murmuration.faults.run;

import java.util.PriorityQueue;

/** Time of the wall since a run has begun, and what is to happen when. Until it has begun no time passes. One thread. */
final class WallClock {

    private record Due(long time, long number, Runnable action) implements Comparable<Due> {
        @Override
        public int compareTo(Due other) {
            int times = Long.compare(time, other.time);
            return times != 0 ? times : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Due> dues = new PriorityQueue<>();
    private long numbers;
    private boolean begun;
    private long origin;

    /** The run has begun, at that time of the machine's monotonic clock. */
    void begin(long nanos) {
        if (!begun) {
            begun = true;
            origin = nanos;
        }
    }

    boolean begun() {
        return begun;
    }

    long now() {
        return at(System.nanoTime());
    }

    /** A time of the machine's monotonic clock, in this one. */
    long at(long nanos) {
        return begun ? Math.max(0, nanos - origin) : 0;
    }

    void schedule(long delayNanos, Runnable action) {
        dues.add(new Due(now() + delayNanos, numbers++, action));
    }

    /** Does what is due; nothing before the beginning. */
    void tick() {
        while (begun && !dues.isEmpty() && dues.peek().time() <= now()) {
            dues.remove().action().run();
        }
    }
}
