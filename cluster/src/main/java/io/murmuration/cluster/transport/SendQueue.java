package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.cluster.serialization.FrameCodec;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What one connection has to send: a bounded queue, and the frames that are sent and not answered, bounded by the window
 * that the receiver grants. Each offer leaves it exactly once. Not thread-safe.
 */
final class SendQueue {

    /** A frame on its way, and whom to tell. */
    record Offer(FrameCodec.Encoded frame, Consumer<DataPlane.Outcome> done) {
        long cost() {
            return FrameAssembly.cost(frame.header().length, frame.partBytes());
        }
    }

    /** @param id number of the frame on this connection */
    record Numbered(long id, Offer offer) {}

    private final int mostFrames;
    private final long mostBytes;
    private final Deque<Offer> waiting = new ArrayDeque<>();
    private final Map<Long, Offer> unanswered = new LinkedHashMap<>();
    private long waitingBytes;
    private long unansweredBytes;
    private long window;
    private long largest;
    private long lastId;

    /**
     * @param mostFrames that wait
     * @param mostBytes that wait, or one frame if that has more
     * @param largest bytes of the largest frame, until the receiver says less
     */
    SendQueue(int mostFrames, long mostBytes, long largest) {
        this.mostFrames = mostFrames;
        this.mostBytes = mostBytes;
        this.largest = largest;
    }

    /** Why the frame is not taken; empty: it waits. */
    Optional<Refusal> offer(Offer offer, String to) {
        long bytes = offer.frame().partBytes();
        if (bytes > largest) {
            return Optional.of(Refusal.of(
                    Refusal.Reason.INVALID,
                    "a frame of " + bytes + " bytes for " + to + ", expected at most " + largest
                            + " (data-plane.largest-message)"));
        }
        if (waiting.size() >= mostFrames || !waiting.isEmpty() && waitingBytes + offer.cost() > mostBytes) {
            return Optional.of(Refusal.of(
                    Refusal.Reason.NO_CREDIT,
                    "the link to " + to + " has " + waiting.size() + " frames of " + waitingBytes + " bytes waiting"));
        }
        waiting.add(offer);
        waitingBytes += offer.cost();
        return Optional.empty();
    }

    /** A connection is there: frames are numbered from 1. */
    void opened(long granted, long largestThere) {
        window = granted;
        largest = Math.min(largest, largestThere);
        lastId = 0;
    }

    /** The next frame to send, if there is one and the window has room. */
    Optional<Numbered> next() {
        Offer first = waiting.peek();
        if (first == null || window == 0 || unansweredBytes > 0 && unansweredBytes + first.cost() > window) {
            return Optional.empty();
        }
        waiting.remove();
        waitingBytes -= first.cost();
        lastId++;
        unanswered.put(lastId, first);
        unansweredBytes += first.cost();
        return Optional.of(new Numbered(lastId, first));
    }

    /** The frame that was answered; empty if none of that number is under way. */
    Optional<Offer> answered(long id) {
        Optional<Offer> offer = Optional.ofNullable(unanswered.remove(id));
        offer.ifPresent(known -> unansweredBytes -= known.cost());
        return offer;
    }

    /** The connection is gone, and with it everything; in the order of offering. */
    List<Offer> drain() {
        List<Offer> all = new ArrayList<>(unanswered.values());
        all.addAll(waiting);
        unanswered.clear();
        waiting.clear();
        unansweredBytes = 0;
        waitingBytes = 0;
        window = 0;
        return all;
    }

    int waiting() {
        return waiting.size();
    }

    long unansweredBytes() {
        return unansweredBytes;
    }
}
