package io.murmuration.faults.simulation;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.Candidate;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.shard.Shard;
import io.murmuration.actors.shard.ShardSettings;
import io.murmuration.actors.trainer.Trainer;
import io.murmuration.actors.trainer.TrainerSettings;
import io.murmuration.actors.transfer.Keeper;
import io.murmuration.cluster.run.SwarmLimits;
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

    /** A node that can coordinate keeps checkpoints too. */
    private List<Host.Resident> residents() {
        SequencedSet<Role> roles = new LinkedHashSet<>(life.node().roles());
        if (roles.contains(Role.COORDINATOR)) {
            roles.add(Role.KEEPER);
        }
        return roles.stream().map(this::resident).toList();
    }

    private Host.Resident resident(Role role) {
        Ports ports = life.ports();
        String run = life.plan().run();
        PeerId peer = NodePath.peer(life.node().name(), role);
        SwarmLimits limits = life.plan().limits();
        return switch (role) {
            case SHARD -> {
                ShardSettings shard = limits.shard(run, life.plan().plan().stages());
                yield Host.Resident.of(peer, role, member -> Shard.create(ports, member, shard), Shard.Command.LEAVE);
            }
            case TRAINER -> {
                TrainerSettings trainer = limits.trainer(run);
                yield Host.Resident.of(
                        peer, role, member -> Trainer.create(ports, member, trainer), Trainer.Command.LEAVE);
            }
            case KEEPER ->
                Host.Resident.of(
                        peer,
                        role,
                        member -> Keeper.create(ports, member, limits.transfers(run)),
                        Keeper.Command.LEAVE);
            case COORDINATOR -> {
                ActorRef<Message> node = getContext().getSelf();
                yield Host.Resident.<Candidate.Message>of(
                        peer,
                        role,
                        member -> Behaviors.setup(child -> {
                            node.tell(new Coordinating(child.getSelf()));
                            return Candidate.create(ports, member, life.plan().plan(), life.observer());
                        }),
                        Candidate.Command.LEAVE);
            }
        };
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
