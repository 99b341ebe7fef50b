package io.murmuration.cluster.node;

import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.config.NodeSettings.Seed;
import io.murmuration.cluster.membership.ClusterGateway;
import io.murmuration.cluster.membership.ClusterMessage;
import io.murmuration.cluster.report.Texts;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.Address;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.JoinSeedNodes;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * How a node comes into the cluster: it greets the seeds until one says welcome, or why not, and then asks Pekko to join.
 * Only the first of the seeds asks without a welcome, because it has to begin the cluster where there is none; but not before
 * the others had time to say why it does not belong there. Once it is known to the cluster it waits without end to become a
 * full member: that may take more coordinators. If meanwhile a seed turns out to be a full member of another cluster, this
 * one was begun while the seeds could not be reached, and there is nothing in it: the node has to begin anew.
 */
final class Joining extends AbstractBehavior<Object> {

    /** Name of this actor, below the guardian. */
    static final String ACTOR = ClusterGateway.JOINING;

    private static final int LONGEST_ANSWER = 1000;

    /** How it went. */
    sealed interface Result {}

    record In() implements Result {}

    /** The cluster knows this node, and waits for more coordinators. */
    record Admitted() implements Result {}

    /** The cluster is elsewhere. */
    record Elsewhere(String where) implements Result {}

    /** A seed says that this node does not belong there. */
    record TurnedAway(String reason) implements Result {}

    /** Nobody let it in within the time it was given. */
    record Nobody(boolean welcomed) implements Result {}

    private enum Timer {
        GREET,
        GIVE_UP
    }

    private final NodeIdentity self;
    private final List<Seed> others;
    private final List<Address> seeds;
    private final Consumer<Result> told;
    private final Cluster cluster;
    private final ActorRefResolver resolver;
    private final boolean mayLead;
    private final int coordinators;
    private final boolean begins;
    private boolean asked;
    private boolean admitted;

    private Joining(
            ActorContext<Object> context,
            TimerScheduler<Object> timers,
            NodeSettings node,
            NodeIdentity self,
            Consumer<Result> told) {
        super(context);
        this.self = self;
        this.told = told;
        this.mayLead = node.coordinates();
        this.coordinators = node.coordinators();
        this.cluster = Cluster.get(context.getSystem());
        this.resolver = ActorRefResolver.get(context.getSystem());
        Address here = cluster.selfMember().address();
        List<Address> named = node.seeds().stream()
                .map(seed -> AddressFromURIString.parse(NodeSystem.address(seed)))
                .toList();
        this.seeds = named.isEmpty() ? List.of(here) : named;
        this.others = node.seeds().stream()
                .filter(seed -> !NodeSystem.address(seed).equals(here.toString()))
                .toList();
        cluster.subscriptions()
                .tell(Subscribe.create(
                        context.getSelf()
                                .<ClusterEvent.MemberEvent>unsafeUpcast()
                                .narrow(),
                        ClusterEvent.MemberEvent.class));
        timers.startTimerWithFixedDelay(Timer.GREET, node.joinRetry());
        timers.startSingleTimer(Timer.GIVE_UP, node.joinWait());
        this.begins = seeds.getFirst().equals(here);
        greet();
        if (begins && others.isEmpty()) {
            ask();
        }
    }

    static Behavior<Object> create(NodeSettings node, NodeIdentity self, Consumer<Result> told) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Joining(context, timers, node, self, told)));
    }

    @Override
    public Receive<Object> createReceive() {
        return newReceiveBuilder()
                .onMessage(ClusterMessage.Welcome.class, this::welcomed)
                .onMessage(ClusterMessage.TurnedAway.class, turned -> {
                    String reason = turned.reason();
                    told.accept(new TurnedAway("node " + turned.from().node() + " turns this node away: "
                            + Texts.cut(reason, LONGEST_ANSWER)));
                    return Behaviors.stopped();
                })
                .onMessage(ClusterEvent.MemberEvent.class, this::seen)
                .onMessageEquals(Timer.GREET, () -> {
                    greet();
                    if (begins) {
                        ask();
                    }
                    return this;
                })
                .onMessageEquals(Timer.GIVE_UP, () -> {
                    if (admitted) {
                        return this;
                    }
                    told.accept(new Nobody(asked));
                    return Behaviors.stopped();
                })
                .build();
    }

    private Behavior<Object> welcomed(ClusterMessage.Welcome welcome) {
        if (admitted && welcome.up() && !isMember(welcome.at())) {
            told.accept(new Elsewhere(welcome.from().node()));
            return Behaviors.stopped();
        }
        ask();
        return this;
    }

    /** A member of the cluster that this node is known to. */
    private boolean isMember(String address) {
        return StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                .anyMatch(member -> member.address().toString().equals(address));
    }

    private Behavior<Object> seen(ClusterEvent.MemberEvent event) {
        if (!event.member().uniqueAddress().equals(cluster.selfMember().uniqueAddress())) {
            return this;
        }
        switch (event) {
            // Weakly up it may compute, though not decide anything.
            case ClusterEvent.MemberUp up -> {
                told.accept(new In());
                return Behaviors.stopped();
            }
            case ClusterEvent.MemberWeaklyUp weak -> {
                told.accept(new In());
                return Behaviors.stopped();
            }
            case ClusterEvent.MemberJoined joined -> {
                if (!admitted) {
                    admitted = true;
                    told.accept(new Admitted());
                }
                return this;
            }
            default -> {
                return this; // on its way out: this life ends with it
            }
        }
    }

    private void greet() {
        String me = resolver.toSerializationFormat(getContext().getSelf());
        for (Seed seed : others) {
            ActorRef<ClusterMessage> gateway =
                    resolver.resolveActorRef(NodeSystem.address(seed) + "/user/" + ClusterGateway.ACTOR);
            ClusterGateway.greet(
                    gateway,
                    new ClusterMessage.Greeting(self, coordinators, mayLead, me),
                    getContext().getSelf());
        }
    }

    private void ask() {
        if (!asked) {
            asked = true;
            cluster.manager().tell(new JoinSeedNodes(seeds));
        }
    }
}
