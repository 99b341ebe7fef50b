package io.murmuration.faults.simulation;

import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.EventLoop.Verdict;
import io.murmuration.faults.simulation.compute.Disk;
import io.murmuration.faults.simulation.compute.NodeStorage;
import io.murmuration.faults.simulation.compute.SimulatedCompute;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.ChildFailed;
import org.apache.pekko.actor.typed.Terminated;
import org.apache.pekko.actor.typed.javadsl.AbstractBehavior;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.actor.typed.javadsl.Receive;

/**
 * A run in virtual time: one process, one thread that decides everything, the production actors of every node, and a world
 * around them. Used by the thread that made the loop; what changes nodes may also be called from an event.
 */
public final class Simulation implements AutoCloseable {

    /** Where a node is in its lives. */
    private static final class Station {
        private final NodeSpec spec;
        private long life;
        private boolean up;
        private boolean paused;
        private LifePorts ports;
        private SimulatedCompute compute;

        private Station(NodeSpec spec) {
            this.spec = spec;
        }
    }

    private sealed interface Order {}

    private record Boot(SimulatedNode.Life life) implements Order {}

    private record Kill(String node, long life) implements Order {}

    private record StopRun() implements Order {}

    private record Leave(String node, long life) implements Order {}

    private final EventLoop loop;
    private final SimulationPlan plan;
    private final World world;
    private final Taps taps;
    private final Map<String, Station> stations = new TreeMap<>();
    private final ActorSystem<Order> system;
    private Optional<Throwable> failure = Optional.empty();
    private boolean closed;

    private Simulation(EventLoop loop, SimulationPlan plan, World world, Taps taps) {
        this.loop = loop;
        this.plan = plan;
        this.world = world;
        this.taps = taps;
        plan.nodes().forEach(this::add);
        loop.gate(this::verdict);
        this.system = LoopSystem.start(loop, "simulation", Behaviors.setup(Guardian::new));
    }

    /** Makes everything ready at time 0; no node is up yet. */
    public static Simulation start(EventLoop loop, SimulationPlan plan, World world, Taps taps) {
        return new Simulation(loop, plan, world, taps);
    }

    /** One more node, which is not up yet. */
    public void add(NodeSpec node) {
        if (stations.putIfAbsent(node.name(), new Station(node)) != null) {
            throw new IllegalArgumentException("there is a node " + node.name() + " already");
        }
    }

    private Station station(String node) {
        Station station = stations.get(node);
        if (station == null) {
            throw new IllegalArgumentException("there is no node " + node + ", only " + stations.keySet());
        }
        return station;
    }

    // ---- lives of nodes ----------------------------------------------------------------------------------------

    /** Starts a node, with nothing remembered of an earlier life but its disk; returns the number of the life. */
    public long boot(String node) {
        long life = station(node).life + 1;
        boot(node, life);
        return life;
    }

    /**
     * Starts a node in a life that somebody else has counted.
     *
     * @param life higher than any it had before
     */
    public void boot(String node, long life) {
        Station station = station(node);
        if (station.up || life <= station.life) {
            throw new IllegalStateException("node " + node + " cannot begin life " + life + ": it is "
                    + (station.up ? "in" : "past") + " life " + station.life);
        }
        station.life = life;
        station.up = true;
        World.NodePorts around = world.boot(station.spec, life);
        Disk disk = world.disk(node);
        station.compute = new SimulatedCompute(
                loop,
                station.spec,
                life,
                plan.numbers(),
                station.spec.device(),
                () -> world.slowdown(node),
                disk,
                taps.compute());
        station.ports = new LifePorts(around, station.compute, loop::now, taps.control());
        system.tell(new Boot(new SimulatedNode.Life(
                station.spec,
                life,
                plan,
                world.ports(station.spec, station.ports.ports(plan.seed())),
                event -> taps.events().accept(new Taps.Seen(loop.now(), node, event)),
                () -> world.left(node, life),
                this::failed)));
    }

    /** Kills a node: its ports are cut, its memory is gone, its actors end. One that is not up stays so. */
    public void kill(String node) {
        Station station = station(node);
        if (!station.up) {
            return;
        }
        station.up = false;
        station.ports.cut();
        world.killed(node, station.life);
        station.compute.close();
        resume(node);
        system.tell(new Kill(node, station.life));
    }

    /** Asks a node to hand over what it holds and to go; the world is told when it has. One that is not up stays so. */
    public void leave(String node) {
        Station station = station(node);
        if (station.up) {
            system.tell(new Leave(node, station.life));
        }
    }

    /** Freezes a node: what would happen there waits. One that is not up, or frozen, stays so. */
    public void pause(String node) {
        Station station = station(node);
        station.paused |= station.up;
    }

    /** A frozen node goes on; what it missed happens now, in order. */
    public void resume(String node) {
        Station station = station(node);
        if (station.paused) {
            station.paused = false;
            loop.release(node);
        }
    }

    public boolean isUp(String node) {
        return station(node).up;
    }

    public boolean isPaused(String node) {
        return station(node).paused;
    }

    /** Number of the present or last life; 0 before the first. */
    public long life(String node) {
        return station(node).life;
    }

    /** The checkpoints on the disk of a node. */
    public NodeStorage storage(String node) {
        return plan.numbers().storage(station(node).spec.name());
    }

    /** Actors end even on a dead node: they must, for the system to end, and nobody hears of it. */
    private Verdict verdict(Source source) {
        Station station = stations.get(source.node());
        if (station == null) {
            return Verdict.RUN;
        }
        if (closed || !station.up || source.life() != station.life) {
            return source.isMailbox() ? Verdict.RUN : Verdict.DROP;
        }
        return station.paused ? Verdict.HOLD : Verdict.RUN;
    }

    // ---- the run -----------------------------------------------------------------------------------------------

    /** Asks the coordinator to stop the run at the next step boundary. */
    public void stopRun() {
        system.tell(new StopRun());
    }

    /**
     * Lets virtual time pass until {@code until} (nanoseconds since the world began), or until {@code done} holds.
     *
     * @throws SimulationException if something failed that nobody supervises; with the cause
     * @throws ForeignThreadException if another thread interfered
     */
    public void run(long until, BooleanSupplier done) {
        loop.run(until, () -> failure.isPresent() || done.getAsBoolean());
        if (failure.isPresent()) {
            throw failure.get() instanceof SimulationException known
                    ? known
                    : new SimulationException("the simulation failed: " + failure.get(), failure.get());
        }
    }

    private void failed(Throwable cause) {
        if (failure.isEmpty() && !closed) {
            failure = Optional.of(cause);
        }
    }

    public EventLoop loop() {
        return loop;
    }

    public SimulationPlan plan() {
        return plan;
    }

    /** The hash of everything that has happened until now, or until the simulation was closed. */
    public String historyHash() {
        return loop.historyHash();
    }

    /** Ends all actors and frees all memory. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        loop.stopRecording();
        closed = true;
        for (Station station : stations.values()) {
            if (station.up) {
                station.ports.cut();
                station.compute.close();
            }
            loop.release(station.spec.name());
        }
        try {
            LoopSystem.end(loop, system);
        } finally {
            plan.numbers().close();
        }
    }

    private final class Guardian extends AbstractBehavior<Order> {

        private final Map<String, ActorRef<SimulatedNode.Message>> nodes = new TreeMap<>();
        private boolean stopRequested;

        private Guardian(ActorContext<Order> context) {
            super(context);
        }

        @Override
        public Receive<Order> createReceive() {
            return newReceiveBuilder()
                    .onMessage(Order.class, order -> {
                        switch (order) {
                            case Boot(SimulatedNode.Life life) -> {
                                String name = NodePath.actorName(life.node().name(), life.number());
                                ActorRef<SimulatedNode.Message> node =
                                        getContext().spawn(SimulatedNode.create(life), name);
                                getContext().watch(node);
                                nodes.put(name, node);
                                if (stopRequested) {
                                    node.tell(SimulatedNode.Command.STOP_RUN);
                                }
                            }
                            case Kill(String node, long life) ->
                                getContext().stop(nodes.get(NodePath.actorName(node, life)));
                            case StopRun() -> {
                                stopRequested = true;
                                nodes.values().forEach(node -> node.tell(SimulatedNode.Command.STOP_RUN));
                            }
                            case Leave(String node, long life) ->
                                nodes.get(NodePath.actorName(node, life)).tell(SimulatedNode.Command.LEAVE);
                        }
                        return this;
                    })
                    .onSignal(ChildFailed.class, died -> {
                        failed(new SimulationException(
                                "node " + died.getRef().path().name() + " failed: " + died.cause(), died.cause()));
                        return this;
                    })
                    .onSignal(Terminated.class, ended -> {
                        nodes.remove(ended.getRef().path().name());
                        return this;
                    })
                    .build();
        }
    }
}
