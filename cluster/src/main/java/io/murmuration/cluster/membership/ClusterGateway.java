package io.murmuration.cluster.membership;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.cluster.typed.ClusterSingleton;
import org.apache.pekko.cluster.typed.ClusterSingletonSettings;
import org.apache.pekko.cluster.typed.SingletonActor;

/** The one door of a node to all others on the control plane: what its ports stand on. Thread-safe. */
public final class ClusterGateway {

    /** Name of the gateway's actor on every node, below its guardian. */
    public static final String ACTOR = "gateway";

    /** Name of the actor below the guardian that greets, and is answered. */
    public static final String JOINING = "joining";

    /** The role, for Pekko, of nodes that may lead and whose majority decides. */
    public static final String COORDINATOR = "coordinator";

    /**
     * What a gateway has to know.
     *
     * @param self who this node is
     * @param coordinators how many are planned
     * @param announceRetry pause before those are told again who have not confirmed
     * @param missedWithin after its death a node is missed within this
     * @param refusalWindow how far apart two reports of a refused connection may lie
     * @param refusalRemovals nodes that may be removed for that in a minute
     */
    public record Options(
            NodeIdentity self,
            int coordinators,
            Duration announceRetry,
            Duration missedWithin,
            Duration refusalWindow,
            int refusalRemovals) {}

    /** The place that says who leads: where the cluster has its one actor of this kind, there it is. */
    private enum Place implements GatewayMessage {
        LEFT
    }

    private final ActorRef<GatewayMessage> actor;
    private final ClusterControlPlane control;

    private ClusterGateway(ActorRef<GatewayMessage> actor, ClusterControlPlane control) {
        this.actor = actor;
        this.control = control;
    }

    /** Starts the gateway below the guardian whose context this is. */
    public static ClusterGateway spawn(
            ActorContext<?> guardian, Options options, Whereabouts whereabouts, GatewayListener listener) {
        ClusterControlPlane control = new ClusterControlPlane(options.self().run(), whereabouts);
        ActorRef<GatewayMessage> actor = guardian.spawn(Gateway.create(options, control, whereabouts, listener), ACTOR);
        return new ClusterGateway(actor, control);
    }

    /** Greets a node; the answer goes to {@code from}, which must be where the greeting says. */
    public static void greet(ActorRef<ClusterMessage> gateway, ClusterMessage.Greeting greeting, ActorRef<?> from) {
        Senders.send(gateway, greeting, from);
    }

    /** Tells an actor when the gateway ends, which it never does by itself. */
    public void watchedBy(ActorContext<?> watcher) {
        watcher.watch(actor);
    }

    public ControlPlane control() {
        return control;
    }

    public Membership membership() {
        return new ClusterMembership(actor);
    }

    /** Everything is in place: from now on this node says what it hosts, and where its tensors are taken. */
    public void open(String dataHost, int dataPort) {
        actor.tell(new Gateway.Open(dataHost, dataPort));
    }

    /** Lets this node be one of those that may lead. */
    public void candidate(ActorContext<?> guardian) {
        Behavior<GatewayMessage> leading = Behaviors.setup(context -> {
            actor.tell(new Gateway.Lead(true));
            return Behaviors.receive(GatewayMessage.class)
                    .onMessage(Place.class, leave -> Behaviors.stopped(() -> actor.tell(new Gateway.Lead(false))))
                    .build();
        });
        ClusterSingleton.get(guardian.getSystem())
                .init(SingletonActor.of(leading, "leading")
                        .withStopMessage(Place.LEFT)
                        .withSettings(ClusterSingletonSettings.create(guardian.getSystem())
                                .withRole(COORDINATOR)));
    }

    /** The run is over, and this node's coordinator says so. */
    public void ended(RunEnding ending) {
        actor.tell(new Gateway.Ended(ending));
    }

    /** How far the run is, says this node's coordinator. */
    public void progress(RunStatus status) {
        actor.tell(new Gateway.Progress(status));
    }

    /**
     * Gives an order to the node of this name, or, if it says none, to the one that leads.
     *
     * @return completed by any thread, or never if the answer is lost
     */
    public CompletableFuture<OrderAnswer> order(Order order, Optional<String> node) {
        CompletableFuture<OrderAnswer> answer = new CompletableFuture<>();
        actor.tell(new Gateway.Ask(order, node, answer));
        return answer;
    }

    /** Nobody listens at the data port of a node any more. */
    public void portRefused(DataAddress address) {
        actor.tell(new Gateway.Refused(address));
    }
}
