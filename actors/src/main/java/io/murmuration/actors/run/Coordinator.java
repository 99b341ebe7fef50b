package io.murmuration.actors.run;

import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import java.util.List;
import java.util.function.Consumer;
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
 * dies, the shards keep their parameters and wait for a coordinator of a higher term.
 */
public final class Coordinator extends AbstractBehavior<Coordinator.Message> {

    /** Received by this actor. */
    public sealed interface Message {}

    /** Stop at the next step boundary, with a checkpoint. */
    public enum Command implements Message {
        STOP
    }

    private record Control(Envelope envelope) implements Message {}

    private record Seen(Membership.Event event) implements Message {}

    private enum Timer implements Message {
        TICK
    }

    private final Ports ports;
    private final Member self;
    private final RunState state;
    private final Consumer<RunEvent> observer;

    private Coordinator(
            ActorContext<Message> context,
            TimerScheduler<Message> timers,
            Ports ports,
            Member self,
            RunPlan plan,
            long term,
            Consumer<RunEvent> observer) {
        super(context);
        this.ports = ports;
        this.self = self;
        this.state = new RunState(plan, term);
        this.observer = observer;
        ActorRef<Message> me = context.getSelf();
        ports.control().attach(self, envelope -> me.tell(new Control(envelope)));
        ports.membership().subscribe(self, event -> me.tell(new Seen(event)));
        timers.startTimerWithFixedDelay(Timer.TICK, plan.controlRetry());
    }

    /**
     * @param term higher than that of any coordinator of this run before
     * @param observer told of every {@link RunEvent}; must hand over and return at once
     */
    public static Behavior<Message> create(
            Ports ports, Member self, RunPlan plan, long term, Consumer<RunEvent> observer) {
        return Behaviors.setup(context ->
                Behaviors.withTimers(timers -> new Coordinator(context, timers, ports, self, plan, term, observer)));
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
                .onMessage(Command.class, command -> carryOut(state.stop(now())))
                .onMessage(Timer.class, timer -> carryOut(state.tick(now())))
                .onSignal(PostStop.class, stopped -> {
                    ports.membership().unsubscribe(self);
                    ports.control().detach(self);
                    return this;
                })
                .build();
    }

    private long now() {
        return ports.ticker().nanos();
    }

    private Coordinator carryOut(List<RunState.Effect> effects) {
        for (RunState.Effect effect : effects) {
            switch (effect) {
                case RunState.Send(Member to, var message) -> ports.control().send(new Envelope(self, to, message));
                case RunState.Tell(RunEvent event) -> observer.accept(event);
            }
        }
        return this;
    }
}
