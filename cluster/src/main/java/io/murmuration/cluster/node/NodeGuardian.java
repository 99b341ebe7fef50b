package io.murmuration.cluster.node;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.run.Candidate;
import io.murmuration.actors.run.Host;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.actors.telemetry.Telemetry;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.membership.ClusterGateway;
import io.murmuration.cluster.membership.GatewayListener;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import io.murmuration.cluster.membership.RunEnding;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.run.Residents;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
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
 * One life of a node: its gateway, and once its ports are there the production actors of its roles. What of that fails for
 * good ends this life.
 */
final class NodeGuardian extends AbstractBehavior<NodeGuardian.Message> {

    /** Received by this actor. */
    sealed interface Message {}

    /**
     * The ports are open: the peers may start, and the node may join.
     *
     * @param dataPort where others find its data plane
     */
    record Begin(Compute compute, DataPlane data, int dataPort) implements Message {}

    /** The run is over, says the coordinator here. */
    record Ended(RunEnding ending) implements Message {}

    /** How far the run is, says the coordinator here. */
    record Progress(RunStatus status) implements Message {}

    /** Nobody listens at the data port of a node. */
    record PortRefused(DataAddress address) implements Message {}

    /** What a person wants, of {@code node} or, if it names none, of the run. */
    record Ordered(Order order, Optional<String> node, CompletableFuture<OrderAnswer> answer) implements Message {}

    /** Orders from outside. */
    enum Command implements Message {
        /** Hand over what is held here and go. */
        LEAVE,
        /** Whoever leads from here opens no step. */
        PAUSE,
        /** Whoever leads from here opens steps. */
        RESUME,
        /** A checkpoint of the run that is led from here. */
        CHECKPOINT
    }

    private record Coordinating(ActorRef<Candidate.Message> candidate) implements Message {}

    /**
     * What a life is made of.
     *
     * @param shards peers with the role shard, if the node has it
     * @param happened told of everything that the process should know, from any thread
     */
    record Life(
            NodeSettings node,
            NodeIdentity self,
            long seed,
            RunPlan plan,
            int shards,
            SwarmLimits limits,
            Whereabouts whereabouts,
            Telemetry telemetry,
            Consumer<NodeEvent> happened) {}

    /** Name of the actor that keeps the peers here. */
    private static final String HOST = "host";

    private final Life life;
    private final ClusterGateway gateway;
    private Optional<ActorRef<Host.Message>> host = Optional.empty();
    private Optional<ActorRef<Candidate.Message>> candidate = Optional.empty();
    private boolean leaving;
    private boolean paused;

    private NodeGuardian(ActorContext<Message> context, Life life) {
        super(context);
        this.life = life;
        this.gateway = ClusterGateway.spawn(
                context,
                new ClusterGateway.Options(
                        life.self(),
                        life.node().coordinators(),
                        life.node().announceRetry(),
                        life.node().detection().missedWithin(),
                        life.node().detection().refusalWindow(),
                        life.node().detection().refusalRemovals()),
                life.whereabouts(),
                new GatewayListener() {
                    @Override
                    public void seen(Membership.Event event) {
                        life.happened().accept(new NodeEvent.Seen(event));
                    }

                    @Override
                    public void over(RunEnding ending) {
                        life.happened().accept(new NodeEvent.Over(ending));
                    }

                    @Override
                    public void paused(boolean now) {
                        context.getSelf().tell(now ? Command.PAUSE : Command.RESUME);
                    }

                    @Override
                    public void checkpoint(CompletableFuture<OrderAnswer> answer) {
                        // First who waits, then what it waits for.
                        life.happened().accept(new NodeEvent.CheckpointWanted(answer));
                        context.getSelf().tell(Command.CHECKPOINT);
                    }

                    @Override
                    public void leave() {
                        life.happened().accept(new NodeEvent.LeaveWanted());
                    }

                    @Override
                    public void namesake(String where) {
                        life.happened().accept(new NodeEvent.Namesake(where));
                    }

                    @Override
                    public void everybodyKnows() {
                        life.happened().accept(new NodeEvent.EverybodyKnows());
                    }
                });
        gateway.watchedBy(context);
    }

    static Behavior<Message> create(Life life) {
        return Behaviors.setup(context -> new NodeGuardian(context, life));
    }

    @Override
    public Receive<Message> createReceive() {
        return newReceiveBuilder()
                .onMessage(Begin.class, this::begin)
                .onMessage(Coordinating.class, coordinating -> {
                    candidate = Optional.of(coordinating.candidate());
                    if (paused) {
                        coordinating.candidate().tell(Candidate.Command.PAUSE);
                    }
                    return this;
                })
                .onMessage(Ended.class, ended -> {
                    gateway.ended(ended.ending());
                    return this;
                })
                .onMessage(Progress.class, progress -> {
                    gateway.progress(progress.status());
                    return this;
                })
                .onMessage(PortRefused.class, refused -> {
                    gateway.portRefused(refused.address());
                    return this;
                })
                .onMessage(Ordered.class, ordered -> {
                    gateway.order(ordered.order(), ordered.node()).thenAccept(ordered.answer()::complete);
                    return this;
                })
                .onMessage(Command.class, this::obey)
                .onSignal(ChildFailed.class, failed -> {
                    String who = failed.getRef().path().name();
                    life.happened().accept(new NodeEvent.Broken("the " + who + " failed: " + failed.cause()));
                    return this;
                })
                .onSignal(Terminated.class, ended -> {
                    String who = ended.getRef().path().name();
                    // That one is done when the node has come in.
                    if (!who.equals(Joining.ACTOR)) {
                        life.happened()
                                .accept(
                                        leaving && who.equals(HOST)
                                                ? new NodeEvent.HandedOver()
                                                : new NodeEvent.Broken("the " + who + " stopped by itself"));
                    }
                    return this;
                })
                .build();
    }

    private Behavior<Message> begin(Begin begin) {
        NodeWatch watch = NodeWatch.ofProcess();
        Ports ports = watch.ports(new Ports(
                begin.compute(),
                begin.data(),
                gateway.control(),
                gateway.membership(),
                System::nanoTime,
                life.seed(),
                life.telemetry()));
        Consumer<RunEvent> observer = event -> {
            watch.told(event);
            life.happened().accept(new NodeEvent.OfRun(event));
        };
        ActorRef<Message> me = getContext().getSelf();
        Residents residents = new Residents(
                life.self().run(),
                life.plan(),
                life.limits(),
                ports,
                observer,
                started -> me.tell(new Coordinating(started)));
        ActorRef<Host.Message> started = getContext()
                .spawn(
                        Host.create(
                                ports.membership(),
                                residents.of(life.self().node(), life.node().roles(), life.shards()),
                                Host.Settings.ofLife(
                                        life.self().life(),
                                        life.limits().restarts(),
                                        life.limits().leaveWait()),
                                observer),
                        HOST);
        getContext().watch(started);
        host = Optional.of(started);
        gateway.open(life.node().data().host(), begin.dataPort());
        if (life.node().coordinates()) {
            gateway.candidate(getContext());
        }
        getContext()
                .watch(getContext()
                        .spawn(
                                Joining.create(life.node(), life.self(), result -> life.happened()
                                        .accept(new NodeEvent.Joined(result))),
                                Joining.ACTOR));
        return this;
    }

    private Behavior<Message> obey(Command command) {
        switch (command) {
            case LEAVE -> {
                leaving = true;
                host.ifPresentOrElse(actor -> actor.tell(Host.Command.LEAVE), () -> life.happened()
                        .accept(new NodeEvent.HandedOver()));
            }
            case PAUSE -> {
                paused = true;
                candidate.ifPresent(actor -> actor.tell(Candidate.Command.PAUSE));
            }
            case RESUME -> {
                paused = false;
                candidate.ifPresent(actor -> actor.tell(Candidate.Command.RESUME));
            }
            case CHECKPOINT -> candidate.ifPresent(actor -> actor.tell(Candidate.Command.CHECKPOINT));
        }
        return this;
    }
}
