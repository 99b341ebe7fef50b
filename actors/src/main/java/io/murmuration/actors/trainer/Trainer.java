package io.murmuration.actors.trainer;

import io.murmuration.actors.port.ActorPorts;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Fence;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Replay;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.ShardMessage;
import io.murmuration.actors.protocol.StartOverException;
import io.murmuration.actors.protocol.TrainerMessage;
import io.murmuration.actors.routing.Custody;
import io.murmuration.actors.telemetry.MicrobatchTraces;
import io.murmuration.actors.telemetry.Span;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Draws the microbatches it answers for, pushes them into stage 0 and learns each one's loss. With it dies only the
 * knowledge of what it sent: another trainer asks stage 0 for that and goes on.
 */
public final class Trainer extends AbstractBehavior<Trainer.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    private record Control(Envelope envelope) implements Message {}

    private record Arrived(DataPlane.Delivery delivery) implements Message {}

    private record Continue(Runnable continuation) implements Message {}

    private record Seen(Membership.Event event) implements Message {}

    /** Orders of the {@link io.murmuration.actors.run.Host}. */
    public enum Command implements Message {
        /** Hand over what is held here and go; it ends when the coordinator has let it. */
        LEAVE
    }

    private enum Timer implements Message {
        WAKE,
        ASK,
        /** The coordinator has not let this trainer go yet. */
        LEAVING
    }

    private final TimerScheduler<Message> timers;
    private final ActorPorts ports;
    private final Member self;
    private final TrainerSettings settings;
    private final Custody custody;
    private final TrainerSteps steps;
    private final TreeMap<MicrobatchId, Replay> replays = new TreeMap<>();
    private final Fence fence = new Fence();
    private final MicrobatchTraces traces;
    private boolean leaving;
    private long closing;

    private Trainer(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            TrainerSettings settings) {
        super(context);
        this.timers = timers;
        this.self = self;
        this.settings = settings;
        ActorRef<Message> me = context.getSelf();
        this.ports = new ActorPorts(ports, self, continuation -> me.tell(new Continue(continuation)));
        this.custody = Custody.seeded(
                ports.seed(), self, settings.deadline(), settings.credits(), settings.retry(), settings.ban());
        this.steps = new TrainerSteps(self, custody);
        this.traces = new MicrobatchTraces(ports.telemetry(), self);
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        ports.data().attach(self, delivery -> me.tell(new Arrived(delivery)));
        ports.membership().subscribe(self, event -> {
            // Who takes part is in the roster; this is for who can be reached.
            if (!(event instanceof Membership.Joined || event instanceof Membership.Leads)) {
                me.tell(new Seen(event));
            }
        });
    }

    public static Behavior<Message> create(Ports ports, Member self, TrainerSettings settings) {
        return Behaviors.setup(
                context -> Behaviors.withTimers(timers -> new Trainer(context, timers, ports, self, settings)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Continue.class, message -> {
                    message.continuation().run();
                    return proceed();
                })
                .onMessage(Arrived.class, message -> {
                    message.delivery()
                            .refuse(Refusal.of(Refusal.Reason.INVALID, self + " is a trainer and takes no tensors"));
                    return this;
                })
                .onMessage(Control.class, message -> {
                    if (message.envelope().message() instanceof MemberMessage.Discharged discharged
                            && fence(message.envelope().from(), discharged.epoch())
                            && leaving) {
                        return Behaviors.stopped();
                    }
                    control(message.envelope());
                    return proceed();
                })
                .onMessage(Seen.class, message -> {
                    switch (message.event()) {
                        case Membership.Unreachable(Member member) -> custody.unreachable(member);
                        case Membership.Reachable(Member member) -> custody.reachable(member);
                        // It does not come back under this name: nothing is to be remembered of it.
                        case Membership.Removed(Member member, String reason) -> custody.reachable(member);
                        default -> {}
                    }
                    return proceed();
                })
                .onMessage(Command.class, leave -> {
                    leaving = true;
                    return leave();
                })
                .onMessage(Timer.class, timer -> {
                    if (timer == Timer.LEAVING) {
                        return leave();
                    }
                    if (timer == Timer.ASK) {
                        ask();
                    }
                    return proceed();
                })
                .onSignal(PostStop.class, stopped -> {
                    traces.clear("the trainer ended");
                    ports.all().membership().unsubscribe(self);
                    ports.all().control().detach(self);
                    ports.all().data().detach(self);
                    ports.all().compute().release(self);
                    return this;
                })
                .build();
    }

    private Trainer proceed() {
        long now = ports.now();
        custody.expire(now);
        custody.dispatch(now).forEach(this::push);
        for (TrainerState state : steps.takeFinished()) {
            tell(new CoordinatorMessage.TrainerFinished(fence.seen(), state.purpose(), state.step(), state.losses()));
        }
        custody.wake(ports.now())
                .ifPresentOrElse(
                        delay -> timers.startSingleTimer(Timer.WAKE, Duration.ofNanos(delay)),
                        () -> timers.cancel(Timer.WAKE));
        return this;
    }

    private void push(Custody.Dispatch dispatch) {
        Optional<Replay> replay = Optional.ofNullable(replays.get(dispatch.id()));
        traces.begin(dispatch.id());
        ports.compute(new Compute.Draw(dispatch.id()), tokens -> {
            Route route = new Route(settings.run(), self, dispatch.to());
            Span send = traces.send(dispatch.id(), dispatch.to(), dispatch.attempt());
            var frame = new DataFrame.Forward(
                    route, dispatch.id(), 0, dispatch.attempt(), replay, tokens, Payload.EMPTY, send.context());
            ports.offer(frame, outcome -> {
                MicrobatchTraces.sent(send, outcome);
                switch (outcome) {
                    case DataPlane.Accepted() -> {}
                    case DataPlane.Refused(Refusal refusal) -> custody.refused(dispatch, refusal.reason(), ports.now());
                    case DataPlane.Failed(String reason) -> custody.failed(dispatch, ports.now());
                }
            });
        });
    }

    private void control(Envelope envelope) {
        if (!(envelope.message() instanceof TrainerMessage message)) {
            getContext().getLog().warn("{} is a trainer: ignored {} of {}", self, envelope.message(), envelope.from());
            return;
        }
        Member from = envelope.from();
        getContext().getLog().debug("{} <- {}: {}", self, from, message);
        switch (message) {
            case MemberMessage.TakeOver takeOver -> {
                if (fence(from, takeOver.epoch())) {
                    tell(new CoordinatorMessage.Promised(fence.seen(), steps.standing()));
                }
            }
            case MemberMessage.StartOver startOver -> {
                if (fence(from, startOver.epoch())) {
                    throw new StartOverException(self, startOver.fault(), startOver.reason());
                }
            }
            // Not asked for, or refused above.
            case MemberMessage.Discharged discharged -> {}
            case MemberMessage.OpenStep open -> {
                if (fence(from, open.roster().epoch())) {
                    open(open);
                }
            }
            case MemberMessage.RosterChanged changed -> {
                if (fence(from, changed.roster().epoch())) {
                    rosterChanged(changed.roster());
                }
            }
            case MemberMessage.ReplayOrders orders -> {
                if (fence(from, orders.epoch())
                        && steps.of(Purpose.TRAIN, orders.step()).isPresent()
                        && orders.closing() > closing) {
                    replay(orders);
                }
            }
            case TrainerMessage.Done done -> {
                traces.end(done.id());
                steps.of(done.id().purpose(), done.id().step())
                        .ifPresent(state -> cancel(state.done(from, done, ports.now())));
            }
            case TrainerMessage.Held held ->
                steps.of(held.purpose(), held.step()).ifPresent(state -> state.held(from, held, ports.now()));
        }
    }

    /** False, and the sender is told, if what was promised forbids to obey. */
    private boolean fence(Member from, Epoch epoch) {
        Optional<CoordinatorMessage.Superseded> refusal = fence.refuse(from, epoch);
        refusal.ifPresent(superseded -> ports.send(from, superseded));
        return refusal.isEmpty();
    }

    private void tell(CoordinatorMessage message) {
        fence.coordinator().ifPresent(member -> ports.send(member, message));
    }

    /** Asks to go, again and again until this trainer is let; with nobody to ask there is nothing to hand over. */
    private Behavior<Message> leave() {
        if (fence.coordinator().isEmpty()) {
            return Behaviors.stopped();
        }
        tell(new CoordinatorMessage.Leaving(fence.seen()));
        timers.startSingleTimer(Timer.LEAVING, settings.ban());
        return proceed();
    }

    private void open(MemberMessage.OpenStep open) {
        if (steps.isPast(open.purpose(), open.step())) {
            return;
        }
        steps.over(open).ifPresent(first -> {
            replays.headMap(first).clear();
            traces.over(first, "its step was over before it was done");
        });
        Optional<TrainerState> known = steps.of(open.purpose(), open.step());
        known.ifPresent(state -> getContext().getLog().debug("{}: {}; custody: {}", self, state, custody));
        knows(open.roster());
        known.ifPresentOrElse(state -> cancel(state.ranks(open.ranks())), () -> steps.open(open));
        ask();
        steps.report(open.purpose(), open.step());
    }

    private void cancel(List<Custody.Dispatch> losers) {
        losers.forEach(loser -> ports.send(loser.to(), new ShardMessage.Cancel(loser.id(), loser.attempt())));
    }

    private void rosterChanged(Roster roster) {
        if (knows(roster)) {
            ask();
        }
    }

    /** True if that is news. */
    private boolean knows(Roster roster) {
        if (!roster.trainers().contains(self)) {
            throw new ProtocolException(self + " is not in roster " + roster.epoch());
        }
        return steps.rosterChanged(roster);
    }

    private void ask() {
        for (TrainerState state : steps.all()) {
            for (Member shard : state.toAsk()) {
                ports.send(
                        shard, new ShardMessage.WhoHas(fence.seen(), state.purpose(), state.step(), state.inherited()));
                timers.startSingleTimer(Timer.ASK, settings.retry());
            }
        }
    }

    private void replay(MemberMessage.ReplayOrders orders) {
        closing = orders.closing();
        steps.of(Purpose.TRAIN, orders.step()).ifPresent(TrainerState::closed);
        custody.restart(orders.step());
        for (MemberMessage.ReplayOrder order : orders.orders()) {
            MicrobatchId id = new MicrobatchId(Purpose.TRAIN, orders.step(), order.index());
            replays.put(id, order.replay());
            custody.hold(id, true);
        }
    }
}
