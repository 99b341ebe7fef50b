package io.murmuration.cluster.membership;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * The control plane of a node: to the gateway of the node that hosts the receiver, over Artery; within the node straight into
 * the inbox. A message to a node that is not known is lost, as on a wire. Thread-safe.
 */
public final class ClusterControlPlane implements ControlPlane {

    private final String run;
    private final Whereabouts whereabouts;
    /** Known before anybody else is. */
    private volatile Optional<ActorRef<GatewayMessage>> sender = Optional.empty();

    private final Map<Member, Consumer<Envelope>> inboxes = new ConcurrentHashMap<>();

    /** @param run fingerprint of the run, carried by every message */
    public ClusterControlPlane(String run, Whereabouts whereabouts) {
        this.run = run;
        this.whereabouts = whereabouts;
    }

    /** By whom the others see that messages are this node's. */
    void sendsAs(ActorRef<GatewayMessage> gateway) {
        sender = Optional.of(gateway);
    }

    @Override
    public void attach(Member self, Consumer<Envelope> inbox) {
        inboxes.put(self, inbox);
    }

    @Override
    public void detach(Member self) {
        inboxes.remove(self);
    }

    @Override
    public void send(Envelope envelope) {
        if (!deliver(envelope)) {
            Optional<ActorRef<GatewayMessage>> from = sender;
            whereabouts
                    .of(envelope.to())
                    .ifPresent(located -> from.ifPresent(me -> Senders.send(
                            located.gateway(),
                            new ClusterMessage.Carried(run, envelope.from(), envelope.to(), envelope.message()),
                            me)));
        }
    }

    /** @return whether the receiver is here */
    boolean deliver(Envelope envelope) {
        Optional<Consumer<Envelope>> inbox = Optional.ofNullable(inboxes.get(envelope.to()));
        inbox.ifPresent(there -> there.accept(envelope));
        return inbox.isPresent();
    }
}
