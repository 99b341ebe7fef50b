package io.murmuration.faults.simulation;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.run.Candidate;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.run.Residents;
import io.murmuration.cluster.run.SwarmLimits;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.Behavior;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * One life of a node: the production actors of its roles, below one actor. What they fail of and nobody supervises ends the
 * simulation.
 */
final class SimulatedNode extends AbstractBehavior<SimulatedNode.Message> {

    /** Received by this actor. */
    sealed interface Message {}

    /** Orders from outside. */
    enum Command implements Message {
        /** Stop the run at its next step boundary, if its coordinator is here or comes here. */
        STOP_RUN,
        /** Hand over what is held here and go. */
        LEAVE
    }

    /** An incarnation of this node's candidate. */
    private record Coordinating(ActorRef<Candidate.Message> candidate) implements Message {}

    /**
     * A life to live.
     *
     * @param observer told of run events
     * @param left told when everything here has handed over and ended, after {@link Command#LEAVE}
     * @param failed told of what ends the simulation
     */
    record Life(
            NodeSpec node,
            long number,
            SimulationPlan plan,
            Ports ports,
            Consumer<RunEvent> observer,
            Runnable left,
            Consumer<Throwable> failed) {}

    private final Life life;
    private final ActorRef<Host.Message> host;
    private Optional<ActorRef<Candidate.Message>> candidate = Optional.empty();
    private boolean stopRequested;
    private boolean leaving;

    private SimulatedNode(ActorContext<Message> context, Life life) {
        super(context);
        this.life = life;
        SwarmLimits limits = life.plan().limits();
        this.host = context.spawn(
                Host.create(
                        life.ports().membership(),
                        residents(),
                        new Host.Settings(NodePath.incarnation(life.number()), limits.restarts(), limits.leaveWait()),
                        life.observer()),
                "host");
        context.watch(host);
    }

    static Behavior<Message> create(Life life) {
        return Behaviors.setup(context -> new SimulatedNode(context, life));
    }

    private List<Host.Resident> residents() {
        ActorRef<Message> node = getContext().getSelf();
        return new Residents(
                        life.plan().run(),
                        life.plan().plan(),
                        life.plan().limits(),
                        life.ports(),
                        life.observer(),
                        started -> node.tell(new Coordinating(started)))
                .of(life.node().name(), life.node().roles(), 1);
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Coordinating.class, coordinating -> {
                    candidate = Optional.of(coordinating.candidate());
                    if (stopRequested) {
                        coordinating.candidate().tell(Candidate.Command.STOP);
                    }
                    return this;
                })
                .onMessage(Command.class, command -> {
                    switch (command) {
                        case STOP_RUN -> {
                            stopRequested = true;
                            candidate.ifPresent(actor -> actor.tell(Candidate.Command.STOP));
                        }
                        case LEAVE -> {
                            leaving = true;
                            host.tell(Host.Command.LEAVE);
                        }
                    }
                    return this;
                })
                .onSignal(ChildFailed.class, failed -> ended(failed, failed.cause()))
                .onSignal(Terminated.class, ended -> {
                    if (leaving) {
                        life.left().run();
                        return this;
                    }
                    return ended(ended, new IllegalStateException("it stopped by itself"));
                })
                .build();
    }

    private SimulatedNode ended(Terminated child, Throwable cause) {
        String who = child.getRef().path().name();
        life.failed()
                .accept(new SimulationException(
                        "the " + who + " of node " + life.node().name() + " failed: " + cause, cause));
        return this;
    }
}
