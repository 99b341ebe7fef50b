package io.murmuration.faults.simulation;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.Coordinator;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.shard.Shard;
import io.murmuration.actors.shard.ShardSettings;
import io.murmuration.actors.trainer.Trainer;
import io.murmuration.actors.trainer.TrainerSettings;
import io.murmuration.actors.transfer.Keeper;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
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
    enum Message {
        /** Stop the run at its next step boundary, if its coordinator is here. */
        STOP_RUN
    }

    /** The first and, with one coordinator, the only term. */
    private static final long FIRST_TERM = 1;

    /**
     * A life to live.
     *
     * @param coordinates whether it steers the run from its beginning
     * @param observer told of run events
     * @param failed told of what ends the simulation
     */
    record Life(
            NodeSpec node,
            long number,
            SimulationPlan plan,
            Ports ports,
            boolean coordinates,
            Consumer<RunEvent> observer,
            Consumer<Throwable> failed) {}

    private final Life life;
    private final Optional<ActorRef<Coordinator.Message>> coordinator;

    private SimulatedNode(ActorContext<Message> context, Life life) {
        super(context);
        this.life = life;
        context.watch(context.spawn(
                Host.create(
                        life.ports().membership(),
                        residents(),
                        life.plan().limits().restarts(),
                        NodePath.incarnation(life.number()),
                        life.observer()),
                "host"));
        this.coordinator = life.coordinates() ? Optional.of(startCoordinator()) : Optional.empty();
    }

    static Behavior<Message> create(Life life) {
        return Behaviors.setup(context -> new SimulatedNode(context, life));
    }

    /** The one place that decides who coordinates: until peers of that role elect, the first node that has it. */
    private ActorRef<Coordinator.Message> startCoordinator() {
        Member self =
                new Member(NodePath.peer(life.node().name(), Role.COORDINATOR), NodePath.incarnation(life.number()));
        ActorRef<Coordinator.Message> actor = getContext()
                .spawn(
                        Coordinator.create(life.ports(), self, life.plan().plan(), FIRST_TERM, life.observer()),
                        "coordinator");
        getContext().watch(actor);
        return actor;
    }

    private List<Host.Resident> residents() {
        SequencedSet<Role> roles = new LinkedHashSet<>(life.node().roles());
        if (roles.remove(Role.COORDINATOR)) {
            roles.add(Role.KEEPER);
        }
        Ports ports = life.ports();
        String run = life.plan().run();
        ShardSettings shard = life.plan().limits().shard(run, life.plan().plan().stages());
        TrainerSettings trainer = life.plan().limits().trainer(run);
        List<Host.Resident> residents = new ArrayList<>();
        for (Role role : roles) {
            residents.add(new Host.Resident(NodePath.peer(life.node().name(), role), role, member -> switch (role) {
                case SHARD -> Shard.create(ports, member, shard);
                case TRAINER -> Trainer.create(ports, member, trainer);
                case KEEPER -> Keeper.create(ports, member, life.plan().limits().transfers(run));
                case COORDINATOR -> throw new IllegalStateException("a coordinator is no resident");
            }));
        }
        return residents;
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Message.class, stop -> {
                    coordinator.ifPresent(actor -> actor.tell(Coordinator.Command.STOP));
                    return this;
                })
                .onSignal(ChildFailed.class, failed -> ended(failed, failed.cause()))
                .onSignal(Terminated.class, ended -> ended(ended, new IllegalStateException("it stopped by itself")))
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
