package io.murmuration.faults.run;

import java.util.PriorityQueue;

/** Things that happened in several places and are heard of a little later, done in the order in which they happened. One thread. */
final class InOrder {

    private record Happened(long nanos, long number, Runnable told) implements Comparable<Happened> {
        @Override
        public int compareTo(Happened other) {
            int times = Long.compare(nanos, other.nanos);
            return times != 0 ? times : Long.compare(number, other.number);
        }
    }

    private final PriorityQueue<Happened> waiting = new PriorityQueue<>();
    private long numbers;

    /** Something happened at {@code nanos}; {@code told} when everything before it has been. */
    void happened(long nanos, Runnable told) {
        waiting.add(new Happened(nanos, numbers++, told));
    }

    /** Tells what happened until then. */
    void tell(long nanos) {
        while (!waiting.isEmpty() && waiting.peek().nanos() <= nanos) {
            waiting.remove().told().run();
        }
    }
}
