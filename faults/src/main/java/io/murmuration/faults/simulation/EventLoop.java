package io.murmuration.faults.simulation;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The one queue of a simulated world, in virtual nanoseconds. What happens at the same moment happens in the order in
 * which it was asked for. Every event that ran goes into the history's hash: its time, its number, its node, its stable
 * path and its canonical bytes, never a measured time or an address.
 *
 * <p>Used by one thread, the one that made it. Another thread that submits something has found a way around the seed: the
 * run fails. The only exception is {@link #boot}.
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
     * @param path stable name of what happens, the same in every run with the same seed; begins with a slash if, and only
     *     if, an actor works off its mailbox
     */
    public record Source(String node, long life, String path) {
        /** Something that happens to the world and to no node. */
        public static Source world(String path) {
            return new Source("", 0, path);
        }

        /** An actor works off its mailbox. */
        public boolean isMailbox() {
            return path.startsWith("/");
        }
    }

    /** Something that will happen. */
    public final class Event implements Comparable<Event> {
        private final long time;
        private long sequence;
        private final Source source;
        private byte[] content;
        private Runnable action;
        private volatile boolean cancelled;

        private Event(long time, long sequence, Source source, byte[] content, Runnable action) {
            this.time = time;
            this.sequence = sequence;
            this.source = source;
            this.content = content;
            this.action = action;
        }

        /** Makes it not happen; false if it has happened already, or was made not to happen before. */
        public boolean cancel() {
            boolean pending = !cancelled;
            if (pending) {
                over();
                if (mayWork()) {
                    waste++;
                    clearWaste();
                }
            }
            return pending;
        }

        /** By time, then in the order in which they were asked for. */
        @Override
        public int compareTo(Event other) {
            int byTime = Long.compare(time, other.time);
            return byTime != 0 ? byTime : Long.compare(sequence, other.sequence);
        }

        /** Holds on to nothing: a cancelled event may stay queued for a long time. */
        private void over() {
            cancelled = true;
            content = NOTHING;
            action = DONE;
        }
    }

    private static final byte[] NOTHING = {};
    private static final Runnable DONE = () -> {};

    /** Cancelled events in the queue before it is worth while to look for them. */
    private static final int SMALL_WASTE = 4096;

    /**
     * Events at one moment after which the world is taken to stand still: actors that answer each other without end in no
     * time. A whole step of a thousand nodes has some hundred thousand.
     */
    private static final long SAME_MOMENT_LIMIT = 20_000_000;

    /** Real time in which whatever {@link #boot} starts must be there; an actor system takes some 2 s on a busy machine. */
    private static final Duration BOOT_LIMIT = Duration.ofSeconds(60);

    /** Nothing happens: between two events. */
    private static final Source NOWHERE = Source.world("");

    private final Thread owner = Thread.currentThread();
    private final PriorityQueue<Event> later = new PriorityQueue<>();
    /** What was asked for now, to happen now: the most of all, and in order as it is. */
    private final Deque<Event> soon = new ArrayDeque<>();

    private final Map<String, Deque<Event>> held = new TreeMap<>();
    private final BlockingQueue<Event> fromOutside = new LinkedBlockingQueue<>();
    private final List<String> intruders = new ArrayList<>();
    private final History history = new History();
    private Gate gate = source -> Verdict.RUN;
    private volatile boolean intruded;
    /** Other threads may submit: the world has not begun, or is over. */
    private volatile boolean open;

    private boolean recording = true;
    private Source current = NOWHERE;
    private long now;
    private long sequence;
    private long ran;
    private long ranNow;
    private int waste;

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

    /** Events that will happen, cancelled ones that are not cleared away included, and held ones not. */
    public int waiting() {
        return later.size() + soon.size();
    }

    /** Events that wait until a frozen node goes on. */
    public int held(String node) {
        Deque<Event> missed = held.get(node);
        return missed == null ? 0 : missed.size();
    }

    /**
     * Where what happens at this moment happens; the world between two events, and for whatever {@link #boot} runs beside
     * them.
     */
    public Source current() {
        return Thread.currentThread() == owner ? current : NOWHERE;
    }

    /**
     * Makes something happen later.
     *
     * @param delay virtual nanoseconds from now, not negative
     * @param content canonical bytes, part of the history
     */
    public Event schedule(long delay, Source source, byte[] content, Runnable action) {
        if (delay < 0) {
            throw new IllegalArgumentException(source + " was to happen " + -delay + " ns ago");
        }
        Event event = new Event(Math.addExact(now, delay), -1, source, content, action);
        if (Thread.currentThread() == owner) {
            enqueue(event);
        } else {
            // Kept even if it is not allowed: an actor whose turn is lost could never end.
            fromOutside.add(event);
            check();
        }
        return event;
    }

    public Event schedule(long delay, Source source, Runnable action) {
        return schedule(delay, source, NOTHING, action);
    }

    private void enqueue(Event event) {
        event.sequence = sequence++;
        if (event.time <= now) {
            soon.add(event);
        } else {
            later.add(event);
        }
    }

    /** A frozen node goes on: what it missed happens now, in order. */
    public void release(String node) {
        mayWork();
        Deque<Event> missed = held.remove(node);
        if (missed != null) {
            for (Event event : missed) {
                soon.add(new Event(now, sequence++, event.source, event.content, () -> {
                    if (!event.cancelled) {
                        Runnable action = event.action;
                        event.over();
                        action.run();
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
     * @throws SimulationException if time stands still
     */
    public void run(long until, BooleanSupplier done) {
        mayWork();
        failOnIntruders();
        while (!done.getAsBoolean()) {
            if (open) {
                takeFromOutside();
            }
            Event event = next(until);
            if (event == null) {
                now = Math.max(now, until);
                return;
            }
            if (event.cancelled) {
                waste--;
                continue;
            }
            if (event.time > now) {
                now = event.time;
                ranNow = 0;
            }
            happen(event);
            failOnIntruders();
        }
    }

    private void takeFromOutside() {
        for (Event event = fromOutside.poll(); event != null; event = fromOutside.poll()) {
            enqueue(event);
        }
    }

    private Event next(long until) {
        Event first = soon.peek();
        Event second = later.peek();
        boolean takeSoon = first != null && (second == null || first.compareTo(second) < 0);
        Event event = takeSoon ? first : second;
        if (event == null || event.time > until) {
            return null;
        }
        return takeSoon ? soon.remove() : later.remove();
    }

    private void happen(Event event) {
        Verdict verdict = event.source.node.isEmpty() ? Verdict.RUN : gate.verdict(event.source);
        switch (verdict) {
            case RUN -> {
                ran++;
                if (++ranNow > SAME_MOMENT_LIMIT) {
                    throw new SimulationException("time stands still: more than " + SAME_MOMENT_LIMIT + " events at "
                            + now + " ns, the last one " + event.source);
                }
                if (recording) {
                    history.add(event.time, event.sequence, ran, event.source, event.content);
                }
                Runnable action = event.action;
                event.over();
                current = event.source;
                try {
                    action.run();
                } finally {
                    current = NOWHERE;
                }
            }
            case HOLD ->
                held.computeIfAbsent(event.source.node, node -> new ArrayDeque<>())
                        .add(event);
            case DROP -> event.over();
        }
    }

    /** Timers are mostly cancelled, long before their time: the queue must not grow with them. */
    private void clearWaste() {
        if (waste > SMALL_WASTE && waste > later.size() / 2) {
            later.removeIf(event -> event.cancelled);
            soon.removeIf(event -> event.cancelled);
            waste = 0;
        }
    }

    /** The hash of everything that has happened so far, or until {@link #stopRecording}. */
    public String historyHash() {
        return history.hex();
    }

    /** What happens from now on, to take the world down, is no part of its history, whoever interfered with it. */
    public void stopRecording() {
        mayWork();
        recording = false;
        open = true;
        synchronized (intruders) {
            intruders.clear();
            intruded = false;
        }
    }

    /**
     * Starts something that needs a second thread to start: {@code starter} runs in one, what it and its helpers submit is
     * carried out here, and nothing of it goes into the history. The world begins, at time and number 0, when both have
     * nothing left to do.
     *
     * @throws SimulationException if it fails or takes too long
     */
    public <T> T boot(String name, Callable<T> starter) {
        mayWork();
        FutureTask<T> task = new FutureTask<>(starter);
        open = true;
        recording = false;
        Thread.ofPlatform().daemon().name(name).start(task);
        long end = System.nanoTime() + BOOT_LIMIT.toNanos();
        try {
            while (!task.isDone() || !fromOutside.isEmpty() || !soon.isEmpty()) {
                Event event = fromOutside.poll(1, TimeUnit.MILLISECONDS);
                if (event != null) {
                    enqueue(event);
                }
                run(now, () -> false);
                if (System.nanoTime() > end) {
                    throw new SimulationException(name + " did not start within " + BOOT_LIMIT);
                }
            }
            T started = task.get();
            begin();
            return started;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SimulationException(name + " was interrupted while it started", e);
        } catch (ExecutionException e) {
            throw new SimulationException(name + " did not start: " + e.getCause(), e);
        }
    }

    /** What waits for its time came from several threads: it is numbered anew in an order that does not depend on them. */
    private void begin() {
        open = false;
        recording = true;
        List<Event> waiting = new ArrayList<>(later);
        waiting.removeIf(event -> event.cancelled);
        waiting.sort(Comparator.<Event>comparingLong(event -> event.time).thenComparing(event -> event.source.path));
        later.clear();
        waste = 0;
        sequence = 0;
        for (Event event : waiting) {
            event.sequence = sequence++;
            later.add(event);
        }
        ran = 0;
        ranNow = 0;
    }

    /** @throws ForeignThreadException if this is another thread that may not work here */
    void check() {
        mayWork();
    }

    /**
     * Whether this is the loop's own thread; false for another one during {@link #boot}.
     *
     * @throws ForeignThreadException for another thread at any other time
     */
    private boolean mayWork() {
        if (Thread.currentThread() == owner) {
            return true;
        }
        if (open) {
            return false;
        }
        synchronized (intruders) {
            intruders.add(Thread.currentThread().getName());
        }
        intruded = true;
        throw new ForeignThreadException(
                "thread " + Thread.currentThread().getName() + " submitted to a world that one seed decides");
    }

    private void failOnIntruders() {
        if (intruded) {
            synchronized (intruders) {
                throw new ForeignThreadException(
                        "threads " + intruders + " submitted to a world that one seed decides");
            }
        }
    }
}
