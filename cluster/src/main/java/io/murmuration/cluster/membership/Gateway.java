package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.apache.pekko.actor.typed.ActorRefResolver;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;
import org.apache.pekko.cluster.ClusterEvent;
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.UniqueAddress;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Subscribe;

/**
 * The gateway of a node, {@code /user/gateway}: everything that crosses on the control plane goes through it. It keeps the
 * {@link Directory} as the cluster and the others say it, and passes each message to what it is for, if it is believed. If it
 * dies the node does.
 */
final class Gateway extends AbstractBehavior<GatewayMessage> {

    record Hosted(Member member, Role role) implements GatewayMessage {}

    record Gone(Member member, String reason) implements GatewayMessage {}

    record Listen(Member self, Consumer<Membership.Event> listener) implements GatewayMessage {}

    record Deaf(Member self) implements GatewayMessage {}

    record Open(String dataHost, int dataPort) implements GatewayMessage {}

    /** The cluster's one place of a leader came to this node, or went from it. */
    record Lead(boolean here) implements GatewayMessage {}

    record Ended(RunEnding ending) implements GatewayMessage {}

    record Progress(RunStatus status) implements GatewayMessage {}

    record Refused(DataAddress address) implements GatewayMessage {}

    record Ask(Order order, Optional<String> node, CompletableFuture<OrderAnswer> answer) implements GatewayMessage {}

    private record Seen(ClusterEvent.ClusterDomainEvent event) implements GatewayMessage {}

    private enum Timer implements GatewayMessage {
        TELL_AGAIN
    }

    private final NodeIdentity self;
    private final ClusterControlPlane control;
    private final Whereabouts whereabouts;
    private final Cluster cluster;
    private final Place here;

    private final Directory directory = new Directory();
    private final Refusals refusals = new Refusals();
    private final OwnEntry own;
    private final Senders senders;
    private final Gateways gateways;
    private final Doorkeeper doorkeeper;
    private final News news;
    private final Announcements announcements;
    private final Greetings greetings;
    private final PeoplesOrders orders;
    private final ClosedPorts closedPorts;
    /** This node is no member any more. */
    private boolean out;

    private Gateway(
            ActorContext<GatewayMessage> context,
            TimerScheduler<GatewayMessage> timers,
            ClusterGateway.Options options,
            ClusterControlPlane control,
            Whereabouts whereabouts,
            GatewayListener node) {
        super(context);
        this.self = options.self();
        this.control = control;
        this.whereabouts = whereabouts;
        this.cluster = Cluster.get(context.getSystem());
        this.here = place(cluster.selfMember().uniqueAddress());
        this.own = new OwnEntry(self, here);
        this.senders = new Senders(directory, here, self.node());
        this.gateways = new Gateways(context);
        this.doorkeeper = new Doorkeeper(self, directory, senders, refusals);
        this.news = new News(directory, whereabouts, gateways, node);
        this.announcements = new Announcements(self, here, own, directory, news, gateways, node);
        this.greetings =
                new Greetings(options, cluster, ActorRefResolver.get(context.getSystem()), directory, own, refusals);
        this.orders = new PeoplesOrders(self, here, directory, own, announcements, gateways, node);
        this.closedPorts = new ClosedPorts(context, options, cluster, directory, own, gateways);
        control.sendsAs(context.getSelf());
        cluster.subscriptions()
                .tell(Subscribe.create(
                        context.messageAdapter(ClusterEvent.ClusterDomainEvent.class, Seen::new),
                        ClusterEvent.ClusterDomainEvent.class));
        timers.startTimerWithFixedDelay(Timer.TELL_AGAIN, options.announceRetry());
    }

    static Behavior<GatewayMessage> create(
            ClusterGateway.Options options,
            ClusterControlPlane control,
            Whereabouts whereabouts,
            GatewayListener node) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new Gateway(context, timers, options, control, whereabouts, node)));
    }

    @Override
    public Receive<GatewayMessage> createReceive() {
        return newReceiveBuilder()
                .onMessage(ClusterMessage.class, received -> then(() -> received(received)))
                .onMessage(Seen.class, seen -> then(() -> seen(seen.event())))
                .onMessage(Hosted.class, hosted -> changed(() -> own.hosts(hosted.member(), hosted.role())))
                .onMessage(Gone.class, gone -> changed(() -> own.lost(gone.member(), gone.reason())))
                .onMessage(Open.class, open -> changed(() -> own.open(open.dataHost(), open.dataPort())))
                .onMessage(Lead.class, lead -> changed(() -> own.leads(lead.here() ? directory.nextLead() : 0)))
                .onMessage(Ended.class, ended -> changed(() -> own.ended(ended.ending())))
                .onMessage(
                        Progress.class,
                        progress -> then(() -> {
                            announcements.progress(progress.status());
                            whereabouts.told(progress.status());
                        }))
                .onMessage(Refused.class, refused -> then(() -> closedPorts.refused(refused.address())))
                .onMessage(ClosedPorts.Probed.class, probed -> then(() -> closedPorts.probed(probed)))
                .onMessage(Ask.class, ask -> then(() -> orders.ask(ask)))
                .onMessage(Listen.class, listen -> then(() -> news.hears(listen.self(), listen.listener())))
                .onMessage(Deaf.class, deaf -> then(() -> news.hearsNoMore(deaf.self())))
                .onMessage(Timer.class, timer -> then(announcements::tellAgain))
                .build();
    }

    private Behavior<GatewayMessage> then(Runnable done) {
        done.run();
        return this;
    }

    private Behavior<GatewayMessage> changed(Runnable change) {
        announcements.changed(change);
        return this;
    }

    // ---- what the cluster says ----------------------------------------------------------------------------------

    private void seen(ClusterEvent.ClusterDomainEvent event) {
        if (out) {
            // Who is no member any more is told that all others have gone, which says nothing about them.
            return;
        }
        switch (event) {
            case ClusterEvent.MemberUp up -> appeared(place(up.member().uniqueAddress()), true);
            case ClusterEvent.MemberWeaklyUp weak ->
                appeared(place(weak.member().uniqueAddress()), false);
            // Once it is downed there is no way back, and its removal may have to wait for news from others.
            case ClusterEvent.MemberDowned downed ->
                disappeared(place(downed.member().uniqueAddress()), "it could not be reached and was removed");
            case ClusterEvent.MemberRemoved removed ->
                disappeared(
                        place(removed.member().uniqueAddress()),
                        removed.previousStatus() == MemberStatus.down() ? "it was removed" : "it left");
            case ClusterEvent.UnreachableMember unreachable ->
                news.tell(directory.reach(place(unreachable.member().uniqueAddress()), true));
            case ClusterEvent.ReachableMember reachable ->
                news.tell(directory.reach(place(reachable.member().uniqueAddress()), false));
            default -> {} // leaders of the gossip, seen-by changes: nothing of ours
        }
    }

    private void appeared(Place place, boolean full) {
        directory.ages(StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                .sorted((one, other) -> one.equals(other) ? 0 : one.isOlderThan(other) ? -1 : 1)
                .map(member -> place(member.uniqueAddress()))
                .toList());
        news.tell(directory.up(place, full));
        announcements.appeared(place);
    }

    private void disappeared(Place place, String reason) {
        out = place.equals(here);
        gateways.forget(place);
        news.tell(directory.removed(place, reason));
        announcements.disappeared(place);
    }

    // ---- what others say ----------------------------------------------------------------------------------------

    private void received(ClusterMessage message) {
        String sender = senders.of(getContext());
        switch (message) {
            case ClusterMessage.Greeting greeting -> greetings.greeted(greeting, senders.pathOf(getContext()));
            case ClusterMessage.Carried carried -> {
                if (doorkeeper.isOfThisRun(carried.run(), carried.from())
                        && doorkeeper.isFrom(sender, carried.from(), senders.mayCarry(sender, carried.from()))) {
                    // Who is not here any more, or was here in an earlier life, hears nothing.
                    control.deliver(new Envelope(carried.from(), carried.to(), carried.message()));
                }
            }
            case ClusterMessage.Announced announced -> announced(announced, sender);
            case ClusterMessage.Heard heard -> {
                if (doorkeeper.isOfThisRunFrom(heard.run(), heard.from(), sender)) {
                    announcements.confirmed(heard);
                }
            }
            case ClusterMessage.PortRefused refused -> {
                if (doorkeeper.isOfThisRunFrom(refused.run(), refused.from(), sender)) {
                    closedPorts.suspect(refused.from(), refused.node(), refused.life());
                }
            }
            case ClusterMessage.Told told -> {
                // A node that is leaving may still tell, and has no coordinator any more: passed over.
                if (doorkeeper.isOfThisRun(told.run(), "a coordinator") && senders.mayLead(sender)) {
                    whereabouts.told(told.status());
                }
            }
            case ClusterMessage.Ordered ordered -> {
                if (doorkeeper.isOfThisRunFrom(ordered.run(), ordered.from(), sender)) {
                    orders.ordered(ordered, getContext().getSelf());
                }
            }
            case ClusterMessage.Answered answered -> {
                if (doorkeeper.isOfThisRunFrom(answered.run(), answered.from(), sender)) {
                    orders.answered(answered);
                }
            }
            case ClusterMessage.Unreadable unreadable ->
                refusals.count(Refusals.Kind.UNREADABLE, "refused a message: " + unreadable.reason());
            case ClusterMessage.Welcome welcome -> {} // for who is joining, not for a gateway
            case ClusterMessage.TurnedAway turned -> {}
        }
    }

    private void announced(ClusterMessage.Announced announced, String sender) {
        DirectoryEntry entry = announced.entry();
        if (!doorkeeper.isOfThisRun(announced.run(), entry.node())) {
            return;
        }
        if (senders.isNamesake(sender, entry)) {
            announcements.namesake(entry);
        } else if (doorkeeper.isFrom(sender, entry.node(), senders.mayAnnounce(sender, entry))) {
            announcements.heardOf(entry);
        }
    }

    private static Place place(UniqueAddress address) {
        return new Place(address.address().toString(), address.longUid());
    }
}
