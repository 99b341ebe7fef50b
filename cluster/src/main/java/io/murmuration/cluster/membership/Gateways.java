package io.murmuration.cluster.membership;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/** The gateways of all nodes, and what this one sends to them. Not thread-safe: the gateway owns it. */
final class Gateways {

    private final ActorRef<GatewayMessage> self;
    private final ActorRefResolver resolver;
    private final Map<Place, ActorRef<GatewayMessage>> known = new LinkedHashMap<>();

    Gateways(ActorContext<GatewayMessage> context) {
        this.self = context.getSelf();
        this.resolver = ActorRefResolver.get(context.getSystem());
    }

    ActorRef<GatewayMessage> at(Place place) {
        return known.computeIfAbsent(
                place, to -> resolver.resolveActorRef(to.address() + "/user/" + ClusterGateway.ACTOR));
    }

    void send(Place place, ClusterMessage message) {
        Senders.send(at(place), message, self);
    }

    void forget(Place place) {
        known.remove(place);
    }
}
