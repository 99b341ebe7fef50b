package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.protocol.StartOverException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.SupervisorStrategy;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * The supervisor of a node: starts its peers and lets membership know of them. A peer that fails comes back as a new
 * incarnation, up to a limit, and is refilled by the protocol like any joiner; nothing of the failed one is reused. A peer
 * that was told to start over comes back likewise, and that does not count. Asked to leave, it lets every peer hand over
 * what it holds, waits for that a bounded time, and stops.
 */
public final class Host extends AbstractBehavior<Host.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    /** Stops the present incarnation of a peer at once, as a fault would; it counts as a failure. */
    public record Kill(PeerId peer) implements Message {}

    /** Orders to the whole node. */
    public enum Command implements Message {
        /** Go without losing anything, if that is possible in time; this actor stops when all of its peers have. */
        LEAVE
    }

    private enum Timer implements Message {
        WAITED
    }

    /**
     * A peer to run.
     *
     * @param behavior how to make the actor of one incarnation
     * @param leave asks that actor to hand over what it holds and to stop
     */
    public record Resident(
            PeerId peer, Role role, Function<Member, Behavior<?>> behavior, Consumer<ActorRef<Void>> leave) {

        /** @param leave the message by which its actor is asked to go */
        public static <M> Resident of(PeerId peer, Role role, Function<Member, Behavior<M>> behavior, M leave) {
            return new Resident(peer, role, behavior::apply, child -> child.<M>unsafeUpcast()
                    .tell(leave));
        }
    }

    /**
     * What a node needs to know beside its peers.
     *
     * @param firstIncarnation of every peer; higher than any of an earlier life of this node
     * @param restarts failures after which one peer is given up
     * @param leaveWait how long a node that leaves waits for its peers to hand over; then it goes as in a crash
     */
    public record Settings(long firstIncarnation, int restarts, Duration leaveWait) {

        /** Incarnations of one life: room for so many restarts within it. */
        private static final long INCARNATIONS = 1_000_000;

        /** @param life how often the node has been started, from 1 */
        public static Settings ofLife(long life, int restarts, Duration leaveWait) {
            return new Settings(life * INCARNATIONS, restarts, leaveWait);
        }
    }

    private final TimerScheduler<Message> timers;
    private final Membership membership;
    private final Settings settings;
    private final RestartPolicy restarts;
    private final Map<PeerId, Resident> residents = new LinkedHashMap<>();
    private final Map<PeerId, Member> incarnations = new LinkedHashMap<>();
    private final Map<ActorRef<Void>, PeerId> children = new LinkedHashMap<>();

    private final Consumer<RunEvent> observer;
    private boolean leaving;
    private boolean waited;

    private Host(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Membership membership,
            List<Resident> residents,
            Settings settings,
            Consumer<RunEvent> observer) {
        super(context);
        this.timers = timers;
        this.membership = membership;
        this.settings = settings;
        this.observer = observer;
        this.restarts = new RestartPolicy(settings.restarts());
        for (Resident resident : residents) {
            this.residents.put(resident.peer(), resident);
            start(resident, settings.firstIncarnation());
        }
    }

    /** @param observer told of {@link RunEvent.GivenUp}; must hand over and return at once */
    public static Behavior<Message> create(
            Membership membership, List<Resident> residents, Settings settings, Consumer<RunEvent> observer) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new Host(context, timers, membership, residents, settings, observer)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Kill.class, kill -> {
                    children.forEach((child, peer) -> {
                        if (peer.equals(kill.peer())) {
                            getContext().stop(child);
                        }
                    });
                    return this;
                })
                .onMessage(Command.class, leave -> leave())
                .onMessage(Timer.class, timer -> {
                    waited = true;
                    getContext()
                            .getLog()
                            .warn("{} could not hand over within {} and go as in a crash", children.values(), settings);
                    children.keySet().forEach(getContext()::stop);
                    return this;
                })
                .onSignal(
                        ChildFailed.class,
                        failed -> ended(
                                failed,
                                String.valueOf(failed.cause().getMessage()),
                                failed.cause() instanceof StartOverException start && !start.fault()))
                .onSignal(Terminated.class, stopped -> ended(stopped, "stopped", false))
                .build();
    }

    private void start(Resident resident, long incarnation) {
        Member member = new Member(resident.peer(), incarnation);
        // Starting over on order is no fault: it is told of below, without a trace of the stack.
        Behavior<Void> behavior = Behaviors.supervise(
                        resident.behavior().apply(member).<Void>unsafeCast())
                .onFailure(StartOverException.class, SupervisorStrategy.stop().withLoggingEnabled(false));
        ActorRef<Void> child = getContext().spawn(behavior, resident.peer().name() + "-" + incarnation);
        getContext().watch(child);
        children.put(child, resident.peer());
        incarnations.put(resident.peer(), member);
        membership.join(member, resident.role());
    }

    private Behavior<Message> leave() {
        if (leaving) {
            return this;
        }
        leaving = true;
        if (children.isEmpty()) {
            return Behaviors.stopped();
        }
        timers.startSingleTimer(Timer.WAITED, settings.leaveWait());
        children.forEach((child, peer) -> residents.get(peer).leave().accept(child));
        return this;
    }

    private Behavior<Message> ended(Terminated signal, String reason, boolean faultless) {
        PeerId peer = children.remove(signal.getRef());
        Member member = incarnations.get(peer);
        if (leaving) {
            membership.leave(member, waited ? "left without being let go" : "left");
            return children.isEmpty() ? Behaviors.stopped() : this;
        }
        membership.leave(member, reason);
        if (faultless || restarts.failed(peer)) {
            getContext().getLog().warn("{} ended ({}) and comes back as a new incarnation", member, reason);
            start(residents.get(peer), member.incarnation() + 1);
        } else {
            getContext().getLog().error("{} ended ({}) too often and is given up", member, reason);
            observer.accept(new RunEvent.GivenUp(member, reason));
        }
        return this;
    }
}
