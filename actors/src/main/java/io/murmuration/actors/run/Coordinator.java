package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.PostStop;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;
import org.apache.pekko.actor.typed.javadsl.TimerScheduler;

/**
 * Steers the run; never on the data path. It owns the {@link RunState} and only carries messages to and from it. If it
 * dies, nothing is lost: the next one, of a higher term, learns from the members where the run is. It stops by itself when
 * another has taken its place, and when it has handed over.
 */
final class Coordinator extends AbstractBehavior<Coordinator.Message> {

    /** Received by this actor. */
    sealed interface Message {}

    /** Orders of the {@link Candidate}. */
    enum Command implements Message {
        /** End the run at the next step boundary, with a checkpoint. */
        STOP,
        /** Open no step from the next boundary on. */
        PAUSE,
        /** Open steps again. */
        RESUME,
        /** Keep a checkpoint at the next boundary. */
        CHECKPOINT,
        /** End this coordinator at the next step boundary; another goes on. */
        HAND_OVER
    }

    private record Control(Envelope envelope) implements Message {}

    /** Somebody came, went, or cannot be reached. */
    record Seen(Membership.Event event) implements Message {}

    private enum Timer implements Message {
        TICK
    }

    private final Ports ports;
    private final Member self;
    private final RunState state;
    private final LongConsumer terms;
    private final Consumer<RunEvent> observer;
    private final EventLog log = new EventLog();

    private Coordinator(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            RunPlan plan,
            long term,
            List<Membership.Event> present,
            LongConsumer terms,
            Consumer<RunEvent> observer) {
        super(context);
        this.ports = ports;
        this.self = self;
        this.state = new RunState(plan, self, term, ports.ticker().nanos());
        this.terms = terms;
        this.observer = observer;
        ActorRef<Message> me = context.getSelf();
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        timers.startTimerWithFixedDelay(Timer.TICK, plan.controlRetry());
        // All at once, so that it never decides from the promises of those it happened to hear of first.
        present.forEach(event -> carryOut(state.member(event, now())));
    }

    /**
     * @param term to begin with; raised until nobody refuses it
     * @param present everybody who is there, as events
     * @param terms told of every term that this coordinator uses
     * @param observer told of every {@link RunEvent}; must hand over and return at once
     */
    static Behavior<Message> create(
            Ports ports,
            Member self,
            RunPlan plan,
            long term,
            List<Membership.Event> present,
            LongConsumer terms,
            Consumer<RunEvent> observer) {
        return Behaviors.setup(context -> Behaviors.withTimers(
                timers -> new Coordinator(context, timers, ports, self, plan, term, present, terms, observer)));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Control.class, message -> {
                    Envelope envelope = message.envelope();
                    if (!(envelope.message() instanceof CoordinatorMessage content)) {
                        getContext()
                                .getLog()
                                .warn("{} coordinates: ignored {} of {}", self, envelope.message(), envelope.from());
                        return this;
                    }
                    getContext().getLog().debug("{} <- {}: {}", self, envelope.from(), content);
                    return carryOut(state.message(envelope.from(), content, now()));
                })
                .onMessage(Seen.class, message -> carryOut(state.member(message.event(), now())))
                .onMessage(
                        Command.class,
                        command -> carryOut(
                                switch (command) {
                                    case STOP -> state.stop(now());
                                    case PAUSE -> state.pause(now());
                                    case RESUME -> state.resume(now());
                                    case CHECKPOINT -> state.checkpoint(now());
                                    case HAND_OVER -> state.handOver(now());
                                }))
                .onMessage(Timer.class, timer -> carryOut(state.tick(now())))
                .onSignal(PostStop.class, stopped -> {
                    ports.control().detach(self);
                    return this;
                })
                .build();
    }

    private long now() {
        return ports.ticker().nanos();
    }

    private Behavior<Message> carryOut(List<RunState.Effect> effects) {
        terms.accept(state.roster().epoch().term());
        Behavior<Message> next = this;
        for (RunState.Effect effect : effects) {
            switch (effect) {
                case RunState.Send(Member to, var message) -> ports.control().send(new Envelope(self, to, message));
                case RunState.Tell(RunEvent event) -> {
                    getContext().getLog().info("{}: {}", self, log.line(event));
                    observer.accept(event);
                }
                case RunState.Retire retire -> next = Behaviors.stopped();
            }
        }
        return next;
    }
}
