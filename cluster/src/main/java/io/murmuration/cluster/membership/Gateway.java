package io.murmuration.cluster.membership;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
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
import org.apache.pekko.cluster.MemberStatus;
import org.apache.pekko.cluster.UniqueAddress;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.apache.pekko.cluster.typed.Subscribe;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The gateway of a node, {@code /user/gateway}: everything that crosses on the control plane goes through it. It keeps the
 * {@link Directory}, tells the peers here what follows from it, says to all others what this node hosts until they have
 * confirmed it, and passes messages on. If it dies the node does.
 */
final class Gateway extends AbstractBehavior<GatewayMessage> {

    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);

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

    /** Whether this node was refused by the data port of a life of {@code node}. */
    private record Probed(String node, long life, boolean refused) implements GatewayMessage {}

    private record Seen(ClusterEvent.ClusterDomainEvent event) implements GatewayMessage {}

    /** Nodes whose ports are tried at the same time. */
    private static final int MOST_PROBES = 16;

    private enum Timer implements GatewayMessage {
        TELL_AGAIN
    }

    private final ClusterGateway.Options options;
    private final ClusterControlPlane control;
    private final Whereabouts whereabouts;
    private final GatewayListener node;
    private final Cluster cluster;
    private final ActorRefResolver resolver;
    private final Place here;

    private final Directory directory = new Directory();
    private final Senders senders;
    private final OwnEntry own;
    private final PortRefusals portRefusals;
    private final QuickRemovals quickRemovals;
    private final Set<String> probed = new LinkedHashSet<>();
    private final Refusals refusals = new Refusals();
    private final Orders orders;
    private final Map<Member, Consumer<Membership.Event>> listeners = new LinkedHashMap<>();
    /** Which version of the own entry each process has confirmed. */
    private final Map<Place, Long> confirmed = new LinkedHashMap<>();

    private final Map<Place, ActorRef<GatewayMessage>> gateways = new LinkedHashMap<>();
    private Optional<RunStatus> untold = Optional.empty();
    private boolean overTold;
    /** This node is no member any more. */
    private boolean out;

    private boolean knownTold;

    private Gateway(
            ActorContext<GatewayMessage> context,
            TimerScheduler<GatewayMessage> timers,
            ClusterGateway.Options options,
            ClusterControlPlane control,
            Whereabouts whereabouts,
            GatewayListener node) {
        super(context);
        this.options = options;
        this.control = control;
        this.whereabouts = whereabouts;
        this.node = node;
        this.cluster = Cluster.get(context.getSystem());
        this.resolver = ActorRefResolver.get(context.getSystem());
        this.here = place(cluster.selfMember().uniqueAddress());
        this.senders = new Senders(directory, here, options.self().node());
        control.sendsAs(context.getSelf());
        this.own = new OwnEntry(options.self(), here);
        this.orders = new Orders(options.self());
        this.portRefusals = new PortRefusals(options.refusalWindow());
        this.quickRemovals = new QuickRemovals(options.refusalRemovals());
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
                .onMessage(ClusterMessage.class, this::received)
                .onMessage(Seen.class, seen -> seen(seen.event()))
                .onMessage(Hosted.class, hosted -> changed(() -> own.hosts(hosted.member(), hosted.role())))
                .onMessage(Gone.class, gone -> changed(() -> own.lost(gone.member(), gone.reason())))
                .onMessage(Open.class, open -> changed(() -> own.open(open.dataHost(), open.dataPort())))
                .onMessage(Lead.class, lead -> changed(() -> own.leads(lead.here() ? directory.nextLead() : 0)))
                .onMessage(Ended.class, ended -> changed(() -> own.ended(ended.ending())))
                .onMessage(Progress.class, progress -> {
                    untold = Optional.of(progress.status());
                    whereabouts.told(progress.status());
                    return this;
                })
                .onMessage(Refused.class, refused -> portRefused(refused))
                .onMessage(Probed.class, this::probed)
                .onMessage(Ask.class, this::ask)
                .onMessage(Listen.class, listen -> {
                    listeners.put(listen.self(), listen.listener());
                    directory.known().forEach(listen.listener());
                    return this;
                })
                .onMessage(Deaf.class, deaf -> {
                    listeners.remove(deaf.self());
                    return this;
                })
                .onMessage(Timer.class, timer -> tellAgain())
                .build();
    }

    // ---- what the cluster says ----------------------------------------------------------------------------------

    private Behavior<GatewayMessage> seen(ClusterEvent.ClusterDomainEvent event) {
        if (out) {
            // Who is no member any more is told that all others have gone, which says nothing about them.
            return this;
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
                tell(directory.reach(place(unreachable.member().uniqueAddress()), true));
            case ClusterEvent.ReachableMember reachable ->
                tell(directory.reach(place(reachable.member().uniqueAddress()), false));
            default -> {
                return this; // leaders of the gossip, seen-by changes: nothing of ours
            }
        }
        return this;
    }

    private void appeared(Place place, boolean full) {
        directory.ages(StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                .sorted((one, other) -> one.equals(other) ? 0 : one.isOlderThan(other) ? -1 : 1)
                .map(member -> place(member.uniqueAddress()))
                .toList());
        tell(directory.up(place, full));
        if (place.equals(here)) {
            own.entry().ifPresent(entry -> tell(directory.announced(entry)));
        } else if (confirmed.getOrDefault(place, 0L) < own.version()) {
            announceTo(place);
        }
    }

    private void disappeared(Place place, String reason) {
        out = place.equals(here);
        confirmed.remove(place);
        gateways.remove(place);
        tell(directory.removed(place, reason));
        lookWhetherAllKnow();
    }

    // ---- what this node says ------------------------------------------------------------------------------------

    private Behavior<GatewayMessage> changed(Runnable change) {
        change.run();
        own.entry().ifPresent(entry -> tell(directory.announced(entry)));
        others().forEach(this::announceTo);
        lookWhetherAllKnow();
        return this;
    }

    private Behavior<GatewayMessage> tellAgain() {
        others().stream()
                .filter(place -> confirmed.getOrDefault(place, 0L) < own.version())
                .forEach(this::announceTo);
        untold.ifPresent(status -> others().forEach(place ->
                send(place, new ClusterMessage.Told(options.self().run(), status))));
        untold = Optional.empty();
        lookWhetherAllKnow();
        return this;
    }

    private void announceTo(Place place) {
        own.entry()
                .ifPresent(entry ->
                        send(place, new ClusterMessage.Announced(options.self().run(), entry)));
    }

    private List<Place> others() {
        return directory.places().stream().filter(place -> !place.equals(here)).toList();
    }

    private void lookWhetherAllKnow() {
        boolean all = own.hasEnded()
                && others().stream()
                        .filter(place -> !directory.isUnreachable(place))
                        .allMatch(place -> confirmed.getOrDefault(place, 0L) >= own.version());
        if (all && !knownTold) {
            knownTold = true;
            node.everybodyKnows();
        }
    }

    // ---- what others say ----------------------------------------------------------------------------------------

    private Behavior<GatewayMessage> received(ClusterMessage message) {
        String sender = senders.of(getContext());
        switch (message) {
            case ClusterMessage.Greeting greeting -> greeted(greeting);
            case ClusterMessage.Carried carried -> {
                if (isOfThisRun(carried.run(), carried.from())
                        && isFrom(sender, carried.from(), senders.mayCarry(sender, carried.from()))) {
                    // Who is not here any more, or was here in an earlier life, hears nothing.
                    control.deliver(new Envelope(carried.from(), carried.to(), carried.message()));
                }
            }
            case ClusterMessage.Announced announced -> {
                String name = announced.entry().node();
                if (isOfThisRun(announced.run(), name)
                        && isFrom(sender, name, senders.mayAnnounce(sender, announced.entry()))) {
                    heardOf(announced.entry());
                }
            }
            case ClusterMessage.Heard heard -> {
                if (isOfThisRunFrom(heard.run(), heard.from(), sender)
                        && heard.node().equals(options.self().node())
                        && heard.life() == options.self().life()) {
                    directory
                            .entry(heard.from())
                            .ifPresent(entry -> confirmed.merge(entry.place(), heard.version(), Math::max));
                    lookWhetherAllKnow();
                }
            }
            case ClusterMessage.PortRefused refused -> {
                if (isOfThisRunFrom(refused.run(), refused.from(), sender)) {
                    suspect(refused.from(), refused.node(), refused.life());
                }
            }
            case ClusterMessage.Told told -> {
                // A node that is leaving may still tell, and has no coordinator any more: passed over.
                if (isOfThisRun(told.run(), "a coordinator") && senders.mayLead(sender)) {
                    whereabouts.told(told.status());
                }
            }
            case ClusterMessage.Ordered ordered -> {
                if (isOfThisRunFrom(ordered.run(), ordered.from(), sender)) {
                    ordered(ordered);
                }
            }
            case ClusterMessage.Answered answered -> {
                if (isOfThisRunFrom(answered.run(), answered.from(), sender)) {
                    orders.answered(answered.number(), answered.answer());
                }
            }
            case ClusterMessage.Unreadable unreadable ->
                refusals.count(Refusals.Kind.UNREADABLE, "refused a message: " + unreadable.reason());
            case ClusterMessage.Welcome welcome -> {} // for who is joining, not for a gateway
            case ClusterMessage.TurnedAway turned -> {}
        }
        return this;
    }

    private boolean isOfThisRunFrom(String run, String from, String sender) {
        // Who has heard of this node before it is known here itself is no liar; it says it again.
        return isOfThisRun(run, from)
                && directory.entry(from).isPresent()
                && isFrom(sender, from, senders.isNode(sender, from));
    }

    private boolean isOfThisRun(String run, Object from) {
        boolean same = run.equals(options.self().run());
        if (!same) {
            refusals.count(
                    Refusals.Kind.OTHER_RUN,
                    "refused a message of " + from + ": it belongs to run " + run + ", this node to "
                            + options.self().run());
        }
        return same;
    }

    private boolean isFrom(String sender, Object from, boolean may) {
        if (!may) {
            refusals.count(
                    Refusals.Kind.OTHER_SENDER,
                    "refused a message that says it is of " + from + " and came from "
                            + (sender.isEmpty() ? "nowhere" : sender) + ", which is not known as that node");
        }
        return may;
    }

    private void heardOf(DirectoryEntry entry) {
        if (entry.node().equals(options.self().node()) && !entry.place().equals(here)) {
            namesake(entry);
            return;
        }
        if (!directory.knows(entry.place())) {
            return; // it says it again, and by then the cluster may have told us of it
        }
        tell(directory.announced(entry));
        send(
                entry.place(),
                new ClusterMessage.Heard(
                        options.self().run(), options.self().node(), entry.node(), entry.life(), entry.version()));
        if (entry.wish().number() > own.wish().number()) {
            wished(entry.wish());
        }
        entry.ending().filter(ending -> !overTold).ifPresent(ending -> {
            overTold = true;
            node.over(ending);
        });
    }

    /** Of two that started at once under one name both were let in: the one whose life began later goes on. */
    private void namesake(DirectoryEntry other) {
        int later = Long.compare(other.life(), options.self().life());
        if (later > 0 || (later == 0 && other.place().toString().compareTo(here.toString()) > 0)) {
            node.replaced(other.control());
        }
    }

    private void greeted(ClusterMessage.Greeting greeting) {
        NodeIdentity other = greeting.from();
        Optional<DirectoryEntry> known = directory.entry(other.node());
        String address = addressOf(greeting.answerTo());
        Optional<String> reason = Refusals.reason(
                        options.self(),
                        other,
                        address,
                        known,
                        known.map(entry -> directory.isUnreachable(entry.place()))
                                .orElse(true),
                        own.ending().or(() -> directory.entries().stream()
                                .flatMap(entry -> entry.ending().stream())
                                .findFirst()))
                .or(() -> Refusals.reason(
                        options.coordinators(),
                        greeting.coordinators(),
                        greeting.mayLead(),
                        otherCoordinators(address)));
        reason.ifPresent(why -> refusals.count(
                Refusals.Kind.TURNED_AWAY, "turned node " + other.node() + " at " + address + " away: " + why));
        ActorRef<ClusterMessage> answerTo = resolver.resolveActorRef(greeting.answerTo());
        answerTo.tell(reason.<ClusterMessage>map(why -> new ClusterMessage.TurnedAway(options.self(), why))
                .orElseGet(() -> new ClusterMessage.Welcome(
                        options.self(), here.address(), cluster.selfMember().status() == MemberStatus.up())));
    }

    /** Addresses of the coordinators in the cluster but one; none as long as one of them cannot be reached and may go. */
    private List<String> otherCoordinators(String but) {
        boolean allReached = cluster.state().getUnreachable().stream()
                .noneMatch(member -> member.hasRole(ClusterGateway.COORDINATOR));
        return allReached
                ? StreamSupport.stream(cluster.state().getMembers().spliterator(), false)
                        .filter(member -> member.hasRole(ClusterGateway.COORDINATOR))
                        .map(member -> member.address().toString())
                        .filter(address -> !address.equals(but))
                        .sorted()
                        .toList()
                : List.of();
    }

    private static String addressOf(String path) {
        int end = path.indexOf("/user/");
        return end < 0 ? path : path.substring(0, end);
    }

    // ---- orders of people ---------------------------------------------------------------------------------------

    private Behavior<GatewayMessage> ask(Ask ask) {
        Optional<DirectoryEntry> to =
                ask.node().isPresent() ? directory.entry(ask.node().get()) : directory.leads();
        if (to.isEmpty()) {
            ask.answer().complete(nobody(ask.node()));
        } else if (to.get().place().equals(here)) {
            carryOut(ask.order(), ask.answer());
        } else {
            long number = orders.sent(ask.answer());
            send(
                    to.get().place(),
                    new ClusterMessage.Ordered(
                            options.self().run(), options.self().node(), number, ask.order()));
        }
        return this;
    }

    private OrderAnswer nobody(Optional<String> wanted) {
        if (wanted.isEmpty()) {
            return OrderAnswer.notNow("nobody leads the run now: try again in some seconds");
        }
        List<String> known =
                directory.entries().stream().map(DirectoryEntry::node).sorted().toList();
        return new OrderAnswer(
                OrderAnswer.Outcome.UNKNOWN_NODE, "no node is called " + wanted.get() + "; there are " + known);
    }

    private void ordered(ClusterMessage.Ordered ordered) {
        directory.entry(ordered.from()).ifPresent(from -> {
            ActorRef<GatewayMessage> answerTo = gateway(from.place());
            ActorRef<GatewayMessage> me = getContext().getSelf();
            NodeIdentity self = options.self();
            CompletableFuture<OrderAnswer> answer = new CompletableFuture<>();
            answer.thenAccept(said -> Senders.send(
                    answerTo, new ClusterMessage.Answered(self.run(), self.node(), ordered.number(), said), me));
            carryOut(ordered.order(), answer);
        });
    }

    private void carryOut(Order order, CompletableFuture<OrderAnswer> answer) {
        String self = options.self().node();
        if (order == Order.LEAVE) {
            node.leave();
            answer.complete(OrderAnswer.done("node " + self + " hands over what it holds and leaves"));
        } else if (own.hasEnded()) {
            answer.complete(OrderAnswer.refused("the run is over"));
        } else if (!own.isLeading()) {
            answer.complete(OrderAnswer.notNow("node " + self + " leads the run no longer: try again in some seconds"));
        } else if (order == Order.CHECKPOINT) {
            node.checkpoint(answer);
        } else {
            boolean stand = order == Order.PAUSE;
            if (own.wish().paused() != stand) {
                wished(own.wish().next(stand));
            }
            answer.complete(OrderAnswer.done(
                    stand ? "the run stands still from its next step boundary on" : "the run goes on"));
        }
    }

    private void wished(RunWish wish) {
        changed(() -> own.wishes(wish));
        node.paused(wish.paused());
    }

    // ---- who is dead --------------------------------------------------------------------------------------------

    /** The address says which node it was, and what that node says of itself, which life: another life listens elsewhere or again. */
    private Behavior<GatewayMessage> portRefused(Refused refused) {
        Optional<DirectoryEntry> suspect = directory
                .entry(refused.address().node())
                .filter(entry -> entry.data().equals(refused.address()));
        if (suspect.isEmpty()) {
            return this;
        }
        String name = suspect.get().node();
        long life = suspect.get().life();
        if (own.isLeading()) {
            suspect(options.self().node(), name, life);
        } else {
            directory
                    .leads()
                    .ifPresent(leader -> send(
                            leader.place(),
                            new ClusterMessage.PortRefused(
                                    options.self().run(), options.self().node(), name, life)));
        }
        return this;
    }

    /**
     * Only who leads acts on it, only against workers, because nodes that decide with others are left to the quorum, and only
     * if it is refused as well: others may see another network, or lie.
     */
    private void suspect(String witness, String name, long life) {
        Optional<DirectoryEntry> suspect = suspect(name, life)
                .filter(entry ->
                        !witness.equals(name) && directory.entry(witness).isPresent());
        if (suspect.isPresent()
                && portRefusals.reported(witness, name, life, System.nanoTime())
                && probed.size() < MOST_PROBES
                && probed.add(name)) {
            getContext()
                    .pipeToSelf(
                            PortProbe.refused(suspect.get().data()),
                            (refused, failure) -> new Probed(name, life, Boolean.TRUE.equals(refused)));
        }
    }

    /** A node that hosts nobody any more has closed its port because it leaves, and is gone by itself in a moment. */
    private Optional<DirectoryEntry> suspect(String name, long life) {
        return directory
                .entry(name)
                .filter(entry -> own.isLeading()
                        && entry.life() == life
                        && entry.coordinator().isEmpty()
                        && !entry.members().isEmpty());
    }

    private Behavior<GatewayMessage> probed(Probed probe) {
        probed.remove(probe.node());
        Optional<DirectoryEntry> suspect = suspect(probe.node(), probe.life());
        if (suspect.isEmpty()) {
            return this;
        }
        if (!probe.refused()) {
            LOG.warn("two nodes say that node {} refuses connections, and this one is not refused", probe.node());
        } else if (!quickRemovals.allows(probe.node(), probe.life(), System.nanoTime())) {
            LOG.warn(
                    "node {} refuses connections, and is left to the failure detector: too many were removed for that",
                    probe.node());
        } else {
            LOG.warn(
                    "node {} refuses connections, as this node and two have seen, and is removed at once",
                    probe.node());
            cluster.manager()
                    .tell(new Down(AddressFromURIString.parse(suspect.get().control())));
        }
        return this;
    }

    // ---- helpers ------------------------------------------------------------------------------------------------

    private void tell(List<Membership.Event> events) {
        Map<String, Whereabouts.Located> located = new TreeMap<>();
        for (DirectoryEntry entry : directory.entries()) {
            located.put(
                    entry.node(),
                    new Whereabouts.Located(entry, gateway(entry.place()), directory.isUnreachable(entry.place())));
        }
        whereabouts.publish(located, directory.leads().map(DirectoryEntry::node));
        for (Membership.Event event : events) {
            node.seen(event);
            List.copyOf(listeners.values()).forEach(listener -> listener.accept(event));
        }
    }

    private void send(Place place, ClusterMessage message) {
        Senders.send(gateway(place), message, getContext().getSelf());
    }

    private ActorRef<GatewayMessage> gateway(Place place) {
        return gateways.computeIfAbsent(
                place, to -> resolver.resolveActorRef(to.address() + "/user/" + ClusterGateway.ACTOR));
    }

    private static Place place(UniqueAddress address) {
        return new Place(address.address().toString(), address.longUid());
    }
}
