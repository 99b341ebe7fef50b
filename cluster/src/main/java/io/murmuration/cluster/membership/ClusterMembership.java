package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;

/** The membership port of a node: everything is done, and every listener called, by its gateway. Thread-safe. */
final class ClusterMembership implements Membership {

    private final ActorRef<GatewayMessage> gateway;

    ClusterMembership(ActorRef<GatewayMessage> gateway) {
        this.gateway = gateway;
    }

    @Override
    public void join(Member member, Role role) {
        gateway.tell(new Gateway.Hosted(member, role));
    }

    @Override
    public void leave(Member member, String reason) {
        gateway.tell(new Gateway.Gone(member, reason));
    }

    @Override
    public void subscribe(Member self, Consumer<Event> listener) {
        gateway.tell(new Gateway.Listen(self, listener));
    }

    @Override
    public void unsubscribe(Member self) {
        gateway.tell(new Gateway.Deaf(self));
    }
}
