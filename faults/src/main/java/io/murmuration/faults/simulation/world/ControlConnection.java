package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The connection of control messages from one life of a node to one life of another, apart from all tensors: a message
 * waits for no frame, only for its share of the rate. Messages arrive in order and once, unless the link reorders or
 * duplicates. What is on the way or waits when it breaks is lost, and nobody is told.
 */
final class ControlConnection implements Link.Waiting {

    private record Message(Member to, String kind, byte[] bytes) {}

    private final Links links;
    private final ControlTransport transport;
    private final NetworkSettings settings;
    private final Link forward;
    private final long toLife;
    private final Silence silence;
    private final Deque<Message> held = new ArrayDeque<>();
    private int underWay;
    private int epoch;
    private long busyUntil;
    private long lastArrival;

    ControlConnection(Links links, ControlTransport transport, Link forward, long toLife) {
        this.links = links;
        this.transport = transport;
        this.settings = links.settings();
        this.forward = forward;
        this.toLife = toLife;
        this.silence =
                new Silence(links.loop(), settings, "control/" + forward.from() + ">" + forward.to() + "#" + toLife);
    }

    long toLife() {
        return toLife;
    }

    Link forward() {
        return forward;
    }

    Level level() {
        return new Level(
                "control messages under way from " + forward.from() + " to " + forward.to(),
                held.size() + (long) underWay,
                settings.controlQueued());
    }

    void send(Envelope envelope, byte[] bytes) {
        Lane lane = forward.lane(TrafficClass.CONTROL);
        if (held.size() + underWay >= settings.controlQueued()) {
            lane.dropped++;
            return;
        }
        Message message =
                new Message(envelope.to(), envelope.message().getClass().getSimpleName(), bytes);
        if (silence.silent() || unheard()) {
            held.add(message);
            forward.await(this);
            silence.begin(this::giveUp);
            return;
        }
        depart(message);
    }

    private void depart(Message message) {
        Lane lane = forward.lane(TrafficClass.CONTROL);
        Lane.Passage passage = lane.pass(forward.model(), message.bytes().length, links.retransmitAfter(forward));
        lane.count(message.bytes().length);
        if (passage.givenUp() || passage.corrupt()) {
            lane.corrupted += passage.corrupt() ? 1 : 0;
            lane.dropped++;
            return;
        }
        long now = links.loop().now();
        busyUntil = Math.max(now, busyUntil) + FairShare.nanos(message.bytes().length, links.resources(forward));
        long arrival = busyUntil + passage.delay();
        if (!passage.heldUp()) {
            arrival = Math.max(arrival, lastArrival);
            lastArrival = arrival;
        }
        underWay++;
        Source at = new Source(forward.to(), toLife, "control/" + message.to() + "/" + message.kind());
        int sent = epoch;
        links.loop().schedule(arrival - now, at, message.bytes(), () -> {
            if (sent == epoch) {
                underWay--;
                transport.arrived(message.to(), message.bytes());
            }
        });
        passage.duplicate().ifPresent(again -> {
            lane.duplicated++;
            links.loop().schedule(busyUntil - now + again, at, message.bytes(), () -> {
                if (sent == epoch) {
                    transport.arrived(message.to(), message.bytes());
                }
            });
        });
    }

    private boolean unheard() {
        return forward.silent()
                || !links.machines().hostUp(forward.from())
                || !links.machines().hostUp(forward.to());
    }

    @Override
    public void opened() {
        if (silence.silent()) {
            silence.atNextAttempt(links.retransmitAfter(forward), this::retry);
        }
    }

    /** The silence goes on until the connection is given up. */
    @Override
    public void forgotten() {}

    private void retry() {
        if (!silence.silent()) {
            return;
        }
        if (unheard()) {
            forward.await(this);
            return;
        }
        silence.end();
        List<Message> all = new ArrayList<>(held);
        held.clear();
        all.forEach(this::depart);
    }

    private void giveUp() {
        silence.end();
        forward.lane(TrafficClass.CONTROL).dropped += held.size();
        held.clear();
    }

    /** Everything on the way or waiting is lost; the next message finds a new connection. */
    void reset() {
        forward.lane(TrafficClass.CONTROL).dropped += held.size() + underWay;
        epoch++;
        underWay = 0;
        silence.end();
        held.clear();
    }

    /** The sender is no more: what is on the way arrives. */
    void close() {
        silence.end();
        held.clear();
    }
}
