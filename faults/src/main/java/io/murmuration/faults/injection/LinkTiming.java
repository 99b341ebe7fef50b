package io.murmuration.faults.injection;

import io.murmuration.faults.simulation.world.LinkModel;
import java.util.ArrayDeque;
import java.util.SplittableRandom;

/**
 * When what is sent in one direction between two nodes arrives: a queue of bounded size before a line of bounded rate, and
 * then the way. Pure: it is told the time, in nanoseconds that never fall, and holds no bytes. Loss, damage, doubling and
 * overtaking of the model are not part of it.
 *
 * @param <T> what travels
 */
final class LinkTiming<T> {

    /** Learns what has left the queue, in order, and when it arrives; jitter may have later ones arrive first. */
    @FunctionalInterface
    interface Departures<T> {
        void departed(long arrival, T what);
    }

    private record Piece<T>(long entered, int bytes, T what) {}

    /** When nothing happens by itself. */
    static final long NEVER = Long.MAX_VALUE;

    private static final double NANOS = 1e9;

    private final long most;
    private final SplittableRandom chance;
    private final ArrayDeque<Piece<T>> queue = new ArrayDeque<>();
    private LinkModel model;
    private long queued;
    /** The line has sent all that left the queue before. */
    private long free = Long.MIN_VALUE;
    /** The line will have sent the head of the queue; {@link #NEVER} where that was not worked out yet. */
    private long head = NEVER;

    private boolean held;

    /**
     * @param most bytes that may wait; a piece may enter while fewer do
     * @param chance of its jitter
     */
    LinkTiming(LinkModel model, long most, SplittableRandom chance) {
        if (most < 1) {
            throw new IllegalArgumentException("a queue has room for a byte, got " + most);
        }
        this.model = model;
        this.most = most;
        this.chance = chance;
    }

    LinkModel model() {
        return model;
    }

    /** Bytes that wait. */
    long queued() {
        return queued;
    }

    /** Whether another piece may enter. */
    boolean hasRoom() {
        return queued < most;
    }

    /** @throws IllegalStateException if the queue is full: the sender should have waited */
    void enter(long now, int bytes, T what) {
        if (bytes > 0 && !hasRoom()) {
            throw new IllegalStateException("the queue holds " + queued + " of " + most + " bytes and takes no more");
        }
        queue.add(new Piece<>(now, bytes, what));
        queued += bytes;
    }

    /**
     * As {@link #enter}, for a sender that has waited for room: nothing would have kept its bytes from the line, so they are on
     * it as soon as it is free, though whoever tells the time comes late with them.
     */
    void enterWaited(long now, int bytes, T what) {
        enter(Math.min(now, free), bytes, what);
    }

    /** Lets everything go that the line has sent by now. */
    void depart(long now, Departures<T> departures) {
        while (next() <= now) {
            Piece<T> piece = queue.remove();
            queued -= piece.bytes();
            free = head;
            head = NEVER;
            long way = Math.max(0, model.latency().toNanos() + model.jitter().nanos(chance));
            departures.departed(free + way, piece.what());
        }
    }

    /** When the next piece leaves the queue; {@link #NEVER} if none waits, or the link is held. */
    long next() {
        if (held || queue.isEmpty()) {
            return NEVER;
        }
        if (head == NEVER) {
            Piece<T> piece = queue.element();
            head = Math.max(free, piece.entered()) + nanos(piece.bytes());
        }
        return head;
    }

    private long nanos(int bytes) {
        return model.rate().limited()
                ? Math.round(bytes * Byte.SIZE * NANOS / model.rate().bitsPerSecond())
                : 0;
    }

    /** From now on it is another link; what the line is just sending it still sends at its old rate. */
    void change(LinkModel other) {
        model = other;
    }

    /** Nothing leaves the queue any more; what has left it still arrives. */
    void hold() {
        held = true;
    }

    /** What waits leaves from now on, at the link's rate. */
    void release(long now) {
        if (held) {
            held = false;
            free = Math.max(free, now);
            head = NEVER;
        }
    }
}
