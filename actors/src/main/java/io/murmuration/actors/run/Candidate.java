package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * A peer that can coordinate: the resident of role {@link Role#COORDINATOR}. It watches membership, and has a
 * {@link Coordinator} while membership says that it leads. Whether that one has any power is not membership's word but
 * the members' promises.
 *
 * <p>A coordinator that finds itself superseded although its candidate leads is started again after {@code promise-wait}:
 * either membership has then learnt who leads, or this candidate is right and takes over.
 */
public final class Candidate extends AbstractBehavior<Candidate.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    /** Orders from outside. */
    public enum Command implements Message {
        /** End the run at the next step boundary, with a checkpoint, if it is led from here, or as soon as it is. */
        STOP,
        /** Open no step from the next boundary on, whenever the run is led from here, until {@link #RESUME}. */
        PAUSE,
        /** Open steps again. */
        RESUME,
        /** Keep a checkpoint at the next boundary, if the run is led from here now. */
        CHECKPOINT,
        /** Hand over and go. */
        LEAVE
    }

    private record Seen(Membership.Event event) implements Message {}

    private record Used(long term) implements Message {}

    private enum Timer implements Message {
        LEAD_AGAIN
    }

    private final TimerScheduler<Message> timers;
    private final Ports ports;
    private final Member self;
    private final RunPlan plan;
    private final Consumer<RunEvent> observer;
    private final Map<Member, Role> present = new LinkedHashMap<>();
    private final Set<Member> unreachable = new LinkedHashSet<>();
    private Optional<ActorRef<Coordinator.Message>> coordinator = Optional.empty();
    private boolean dismissed;
    private boolean leads;
    private boolean leaving;
    private boolean stopRequested;
    private boolean paused;
    private long highestTerm;
    private int started;

    private Candidate(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            RunPlan plan,
            Consumer<RunEvent> observer) {
        super(context);
        this.timers = timers;
        this.ports = ports;
        this.self = self;
        this.plan = plan;
        this.observer = observer;
        ActorRef<Message> me = context.getSelf();
        ports.membership().subscribe(self, event -> me.tell(new Seen(event)));
    }

    /** @param observer told of every {@link RunEvent} of a coordinator here; must hand over and return at once */
    public static Behavior<Message> create(Ports ports, Member self, RunPlan plan, Consumer<RunEvent> observer) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Candidate(context, timers, ports, self, plan, observer)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Seen.class, message -> {
                    seen(message.event());
                    return this;
                })
                .onMessage(Used.class, used -> {
                    highestTerm = Math.max(highestTerm, used.term());
                    return this;
                })
                .onMessage(Timer.class, timer -> {
                    lead();
                    return this;
                })
                .onMessage(Command.class, this::obey)
                .onSignal(ChildFailed.class, failed -> {
                    throw new IllegalStateException(
                            self + ": the coordinator failed: " + failed.cause(), failed.cause());
                })
                .onSignal(Terminated.class, terminated -> ended())
                .onSignal(PostStop.class, stopped -> {
                    ports.membership().unsubscribe(self);
                    return this;
                })
                .build();
    }

    private Behavior<Message> obey(Command command) {
        switch (command) {
            case STOP -> {
                stopRequested = true;
                coordinator.ifPresent(child -> child.tell(Coordinator.Command.STOP));
            }
            case PAUSE -> {
                paused = true;
                coordinator.ifPresent(child -> child.tell(Coordinator.Command.PAUSE));
            }
            case RESUME -> {
                paused = false;
                coordinator.ifPresent(child -> child.tell(Coordinator.Command.RESUME));
            }
            case CHECKPOINT -> coordinator.ifPresent(child -> child.tell(Coordinator.Command.CHECKPOINT));
            case LEAVE -> {
                leaving = true;
                if (coordinator.isEmpty()) {
                    return Behaviors.stopped();
                }
                coordinator.get().tell(Coordinator.Command.HAND_OVER);
            }
        }
        return this;
    }

    private void seen(Membership.Event event) {
        switch (event) {
            case Membership.Joined(Member member, Role role) -> present.put(member, role);
            case Membership.Removed(Member member, String reason) -> {
                present.remove(member);
                unreachable.remove(member);
            }
            case Membership.Unreachable(Member member) -> unreachable.add(member);
            case Membership.Reachable(Member member) -> unreachable.remove(member);
            case Membership.Leads(Member member) -> {
                leads = member.equals(self);
                if (leads) {
                    lead();
                } else {
                    dismiss();
                }
            }
        }
        coordinator.ifPresent(child -> child.tell(new Coordinator.Seen(event)));
    }

    private void lead() {
        if (!leads || leaving || coordinator.isPresent()) {
            return;
        }
        List<Membership.Event> events = new ArrayList<>();
        present.forEach((member, role) -> events.add(new Membership.Joined(member, role)));
        unreachable.forEach(member -> events.add(new Membership.Unreachable(member)));
        ActorRef<Message> me = getContext().getSelf();
        ActorRef<Coordinator.Message> child = getContext()
                .spawn(
                        Coordinator.create(
                                ports,
                                self,
                                plan,
                                // One term is never used twice, not even by two coordinators of one candidate.
                                highestTerm + 1,
                                events,
                                term -> me.tell(new Used(term)),
                                observer),
                        "coordinator-" + ++started);
        getContext().watch(child);
        coordinator = Optional.of(child);
        if (paused) {
            child.tell(Coordinator.Command.PAUSE);
        }
        if (stopRequested) {
            child.tell(Coordinator.Command.STOP);
        }
    }

    private void dismiss() {
        dismissed = coordinator.isPresent();
        coordinator.ifPresent(getContext()::stop);
    }

    private Behavior<Message> ended() {
        coordinator = Optional.empty();
        if (leaving) {
            return Behaviors.stopped();
        }
        if (dismissed) {
            dismissed = false;
            lead();
        } else {
            timers.startSingleTimer(Timer.LEAD_AGAIN, plan.promiseWait());
        }
        return this;
    }
}
