package io.murmuration.cluster.transport;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/** The control plane of peers in one process: straight into the inbox. Thread-safe. */
public final class InProcessControlPlane implements ControlPlane {

    private final Map<Member, Consumer<Envelope>> inboxes = new ConcurrentHashMap<>();

    @Override
    public void attach(Member self, Consumer<Envelope> inbox) {
        inboxes.put(self, inbox);
    }

    @Override
    public void detach(Member self) {
        inboxes.remove(self);
    }

    /** Messages to somebody who is not there are lost, as on a network. */
    @Override
    public void send(Envelope envelope) {
        Consumer<Envelope> inbox = inboxes.get(envelope.to());
        if (inbox != null) {
            inbox.accept(envelope);
        }
    }
}
