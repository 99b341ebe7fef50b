package io.murmuration.faults.simulation;

import io.murmuration.tensors.reduce.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;

/**
 * The one queue of a simulated world, in virtual nanoseconds. What happens at the same moment happens in the order in
 * which it was asked for. Every event that ran goes into the history's hash: its time, its number, its node, its stable
 * path and its canonical bytes, never a measured time or an address.
 *
 * <p>Used by one thread, the one that made it. Another thread that submits something has found a way around the seed: the
 * run fails.
 */
public final class EventLoop {

    /** What becomes of an event whose time has come. */
    public enum Verdict {
        RUN,
        /** The node is frozen: it happens, in order, when the node goes on. */
        HOLD,
        /** The node is dead. */
        DROP
    }

    /** Says whether events of a node happen. */
    @FunctionalInterface
    public interface Gate {
        Verdict verdict(Source source);
    }

    /**
     * Where an event happens.
     *
     * @param node name of the node; empty for the world itself (events, faults, links), which no gate stops
     * @param life which life of the node; what was begun in one life does not happen in the next
     * @param path stable name of what happens, the same in every run with the same seed
     */
    public record Source(String node, long life, String path) {
        /** Something that happens to the world and to no node. */
        public static Source world(String path) {
            return new Source("", 0, path);
        }
    }

    /** Something that will happen. */
    public final class Event {
        private final long time;
        private final long sequence;
        private final Source source;
        private final byte[] content;
        private final Runnable action;
        private boolean cancelled;

        private Event(long time, long sequence, Source source, byte[] content, Runnable action) {
            this.time = time;
            this.sequence = sequence;
            this.source = source;
            this.content = content;
            this.action = action;
        }

        /** Makes it not happen; false if it has happened already. */
        public boolean cancel() {
            checkThread();
            boolean pending = !cancelled;
            cancelled = true;
            return pending;
        }
    }

    private static final byte[] NOTHING = {};

    private static final Comparator<Event> ORDER =
            Comparator.<Event>comparingLong(event -> event.time).thenComparingLong(event -> event.sequence);

    private final Thread owner = Thread.currentThread();
    private final PriorityQueue<Event> queue = new PriorityQueue<>(ORDER);
    private final Map<String, Deque<Event>> held = new TreeMap<>();
    private final MessageDigest history = Digest.sha256();
    private final List<String> intruders = new ArrayList<>();
    private Gate gate = source -> Verdict.RUN;
    private long now;
    private long sequence;
    private long ran;

    /** Decides which nodes live; until it is set all do. */
    public void gate(Gate decides) {
        gate = decides;
    }

    /** Virtual nanoseconds since the world began. */
    public long now() {
        return now;
    }

    /** Events that have happened. */
    public long ran() {
        return ran;
    }

    /**
     * Makes something happen later.
     *
     * @param delay virtual nanoseconds from now, not negative
     * @param content canonical bytes, part of the history
     */
    public Event schedule(long delay, Source source, byte[] content, Runnable action) {
        checkThread();
        if (delay < 0) {
            throw new IllegalArgumentException(source + " was to happen " + -delay + " ns ago");
        }
        Event event = new Event(Math.addExact(now, delay), sequence++, source, content, action);
        queue.add(event);
        return event;
    }

    public Event schedule(long delay, Source source, Runnable action) {
        return schedule(delay, source, NOTHING, action);
    }

    /** A frozen node goes on: what it missed happens now, in order. */
    public void release(String node) {
        checkThread();
        Deque<Event> missed = held.remove(node);
        if (missed != null) {
            for (Event event : missed) {
                queue.add(new Event(now, sequence++, event.source, event.content, () -> {
                    if (!event.cancelled) {
                        event.cancelled = true;
                        event.action.run();
                    }
                }));
            }
        }
    }

    /**
     * Lets things happen until nothing is left, {@code until} is reached, or {@code done} holds.
     *
     * @param until virtual nanoseconds; afterwards it is that late, unless {@code done} ended the run before
     * @throws ForeignThreadException if another thread submitted something
     */
    public void run(long until, BooleanSupplier done) {
        checkThread();
        while (!done.getAsBoolean()) {
            Event event = queue.peek();
            if (event == null || event.time > until) {
                now = Math.max(now, until);
                return;
            }
            queue.remove();
            if (event.cancelled) {
                continue;
            }
            now = event.time;
            happen(event);
            failOnIntruders();
        }
    }

    private void happen(Event event) {
        Verdict verdict = event.source.node.isEmpty() ? Verdict.RUN : gate.verdict(event.source);
        switch (verdict) {
            case RUN -> {
                event.cancelled = true;
                ran++;
                note(event);
                event.action.run();
            }
            case HOLD ->
                held.computeIfAbsent(event.source.node, node -> new ArrayDeque<>())
                        .add(event);
            case DROP -> event.cancelled = true;
        }
    }

    private void note(Event event) {
        byte[] node = event.source.node.getBytes(StandardCharsets.UTF_8);
        byte[] path = event.source.path.getBytes(StandardCharsets.UTF_8);
        ByteBuffer head = ByteBuffer.allocate(4 * Long.BYTES + 3 * Integer.BYTES);
        head.putLong(event.time)
                .putLong(event.sequence)
                .putLong(event.source.life)
                .putLong(ran);
        head.putInt(node.length).putInt(path.length).putInt(event.content.length);
        history.update(head.array());
        history.update(node);
        history.update(path);
        history.update(event.content);
    }

    /** The hash of everything that has happened so far. */
    public String historyHash() {
        try {
            return Digest.of((MessageDigest) history.clone()).hex();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("the JDK's SHA-256 can be cloned", e);
        }
    }

    private void checkThread() {
        if (Thread.currentThread() != owner) {
            synchronized (intruders) {
                intruders.add(Thread.currentThread().getName());
            }
            throw new ForeignThreadException(
                    "thread " + Thread.currentThread().getName() + " submitted to a world that one seed decides");
        }
    }

    private void failOnIntruders() {
        synchronized (intruders) {
            if (!intruders.isEmpty()) {
                throw new ForeignThreadException(
                        "threads " + intruders + " submitted to a world that one seed decides");
            }
        }
    }
}
