package io.murmuration.actors.averaging;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Route;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * What the owner of parts of an average sends on to joiners, beside the round and beyond its end: nobody waits for them.
 * For each listener a bounded queue and a window; what does not fit is dropped, and the listener finds the gap and takes a
 * newer snapshot. Used by a shard, in its actor.
 */
public final class AverageFeed {

    /**
     * How much may wait.
     *
     * @param window parts under way to one listener
     * @param attempts refusals and failures in a row after which what waits for a listener is dropped
     * @param retry pause after the first; it doubles with every further one
     * @param bytes most bytes that wait for one listener
     */
    public record Limits(int window, int attempts, Duration retry, long bytes) {}

    private static final class Listener {
        private final Deque<DataFrame.AveragePart> waiting = new ArrayDeque<>();
        private int underWay;
        private long bytes;
        private int refusals;
        private long notBefore = Long.MIN_VALUE;

        private void clear() {
            waiting.clear();
            bytes = 0;
            refusals = 0;
        }
    }

    /** Longer pauses than 2^10 times the first are no use to a joiner. */
    private static final int MOST_DOUBLINGS = 10;

    private final ActorPorts ports;
    private final String run;
    private final Member self;
    private final Limits limits;
    private final Map<Member, Listener> listeners = new TreeMap<>();

    public AverageFeed(ActorPorts ports, String run, Member self, Limits limits) {
        this.ports = ports;
        this.run = run;
        this.self = self;
        this.limits = limits;
    }

    /** A round begins to which these listen; whoever else did is a joiner no more. Earlier rounds came to nothing. */
    public void begin(long step, long round, List<Member> named) {
        listeners.keySet().retainAll(named);
        named.forEach(member -> listeners.computeIfAbsent(member, absent -> new Listener()));
        listeners
                .values()
                .forEach(listener -> listener.waiting.removeIf(frame -> {
                    boolean abandoned = frame.step() == step && frame.round() < round;
                    if (abandoned) {
                        listener.bytes -= frame.payload().size();
                    }
                    return abandoned;
                }));
    }

    /** A part that this shard owns is reduced. */
    public void reduced(long step, long round, int part, Payload average) {
        listeners.forEach((member, listener) -> {
            if (listener.bytes + average.size() <= limits.bytes()) {
                Route route = new Route(run, self, member);
                listener.waiting.add(new DataFrame.AveragePart(route, step, round, part, true, average));
                listener.bytes += average.size();
            }
        });
    }

    /** Offers what can go. */
    public void proceed() {
        long now = ports.now();
        listeners.values().forEach(listener -> {
            while (listener.notBefore <= now && listener.underWay < limits.window() && !listener.waiting.isEmpty()) {
                DataFrame.AveragePart frame = listener.waiting.poll();
                listener.bytes -= frame.payload().size();
                listener.underWay++;
                ports.offer(frame, outcome -> offered(listener, frame, outcome));
            }
        });
    }

    private void offered(Listener listener, DataFrame.AveragePart frame, DataPlane.Outcome outcome) {
        listener.underWay--;
        switch (outcome) {
            case DataPlane.Accepted() -> listener.refusals = 0;
            case DataPlane.Refused refused -> again(listener, frame);
            // Who has just come is not known everywhere at once; a part that comes twice is taken once.
            case DataPlane.Failed failed -> again(listener, frame);
        }
    }

    private void again(Listener listener, DataFrame.AveragePart frame) {
        long pause = limits.retry().toNanos() << Math.min(listener.refusals, MOST_DOUBLINGS);
        listener.refusals++;
        listener.notBefore = ports.now() + pause;
        if (listener.refusals < limits.attempts()) {
            listener.waiting.addFirst(frame);
            listener.bytes += frame.payload().size();
        } else {
            listener.clear();
        }
    }

    /** When there will be something to do although nothing comes. */
    public OptionalLong wake() {
        return listeners.values().stream()
                .filter(listener -> !listener.waiting.isEmpty() && listener.underWay < limits.window())
                .mapToLong(listener -> listener.notBefore)
                .min();
    }
}
