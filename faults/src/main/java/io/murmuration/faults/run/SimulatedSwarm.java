package io.murmuration.faults.run;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.NodeSpec;
import io.murmuration.faults.simulation.Simulation;
import io.murmuration.faults.simulation.SimulationPlan;
import io.murmuration.faults.simulation.Taps;
import io.murmuration.faults.simulation.World;
import io.murmuration.faults.simulation.compute.Device;
import io.murmuration.faults.simulation.compute.Disk;
import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.Death;
import io.murmuration.faults.simulation.world.DiskFault;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.MachineListener;
import io.murmuration.faults.simulation.world.Machines;
import io.murmuration.faults.simulation.world.Network;
import io.murmuration.faults.simulation.world.Pair;
import io.murmuration.faults.simulation.world.Rate;
import io.murmuration.faults.simulation.world.SimulatedWorld;
import io.murmuration.faults.simulation.world.WorldSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/** The nodes of a scenario with their production actors, and the world around them. The machines say who lives. */
final class SimulatedSwarm implements Scene, AutoCloseable {

    private final EventLoop loop = new EventLoop();
    private final Map<String, NodeGroup> groups = new LinkedHashMap<>();
    private final SimulatedWorld world;
    private final Simulation simulation;

    private final Wiring wiring;

    SimulatedSwarm(Scenario scenario, SimulationPlan plan, Taps taps, Wiring wiring, WorldSettings settings) {
        this.wiring = wiring;
        world = new SimulatedWorld(
                loop,
                scenario.seed(),
                scenario.initial(NodeRole.COORDINATOR),
                (from, to) -> WorldLinks.model(scenario.links()
                        .between(groups.get(from).region(), groups.get(to).region())),
                settings,
                plan.numbers().frameSizes()::bytes);
        simulation = Simulation.start(loop, plan, new Surroundings(), taps);
        world.machines().listen(new Hosting());
        for (NodeGroup group : scenario.groups()) {
            group.initial().forEach(node -> known(node, group));
        }
    }

    /** The nodes that are there from the beginning. */
    static List<NodeSpec> nodes(Scenario scenario) {
        List<NodeSpec> nodes = new ArrayList<>();
        for (NodeGroup group : scenario.groups()) {
            group.initial().forEach(node -> nodes.add(spec(node, group)));
        }
        return nodes;
    }

    private static NodeSpec spec(String node, NodeGroup group) {
        List<Role> roles = group.roles().stream()
                .flatMap(role -> switch (role) {
                    case COORDINATOR -> java.util.stream.Stream.of(Role.COORDINATOR);
                    case TRAINER -> java.util.stream.Stream.of(Role.TRAINER);
                    case SHARD -> java.util.stream.Stream.of(Role.SHARD);
                    // Idle until there are audits.
                    case VERIFIER -> java.util.stream.Stream.<Role>empty();
                })
                .toList();
        return new NodeSpec(
                node, group.region(), roles, group.speed(), group.cores(), Device.USUAL.flops(group.flops()));
    }

    private void known(String node, NodeGroup group) {
        groups.put(node, group);
        world.add(node);
        group.uplink().ifPresent(rate -> world.network().uplink(node, new Rate(rate)));
        group.downlink().ifPresent(rate -> world.network().downlink(node, new Rate(rate)));
    }

    @Override
    public boolean add(String node, NodeGroup group) {
        if (groups.containsKey(node)) {
            return false;
        }
        known(node, group);
        simulation.add(spec(node, group));
        return true;
    }

    @Override
    public void boot(String node) {
        if (!world.machines().up(node)) {
            world.machines().start(node);
        }
    }

    @Override
    public void kill(String node) {
        world.machines().kill(node, Death.PROCESS);
    }

    @Override
    public void leave(String node) {
        simulation.leave(node);
    }

    NodeGroup group(String node) {
        return groups.get(node);
    }

    @Override
    public boolean isUp(String node) {
        return groups.containsKey(node) && world.machines().up(node);
    }

    @Override
    public List<String> inRegion(String region) {
        return groups.entrySet().stream()
                .filter(entry -> entry.getValue().region().equals(region))
                .map(Map.Entry::getKey)
                .toList();
    }

    @Override
    public void healAll() {
        world.healAll();
    }

    @Override
    public long now() {
        return loop.now();
    }

    @Override
    public void schedule(long delayNanos, String what, Runnable action) {
        loop.schedule(delayNanos, EventLoop.Source.world(what), action);
    }

    @Override
    public Healing pause(String node) {
        return machines().pause(node);
    }

    @Override
    public Healing slow(String node, double factor) {
        return machines().slow(node, factor);
    }

    @Override
    public Healing skew(String node, Duration by) {
        return machines().skew(node, by);
    }

    @Override
    public Healing disk(String node, DiskFault fault) {
        return machines().disk(node, fault);
    }

    @Override
    public Healing cut(Collection<Pair> pairs, Block block) {
        return network().cut(pairs, block);
    }

    @Override
    public Healing change(Collection<Pair> pairs, UnaryOperator<LinkModel> change) {
        return network().change(pairs, change);
    }

    Machines machines() {
        return world.machines();
    }

    Network network() {
        return world.network();
    }

    EventLoop loop() {
        return loop;
    }

    Simulation simulation() {
        return simulation;
    }

    @Override
    public void close() {
        simulation.close();
    }

    /** What the simulation asks of the world. */
    private final class Surroundings implements World {
        @Override
        public NodePorts boot(NodeSpec node, long life) {
            var ports = world.portsOf(node.name(), life);
            return new NodePorts(ports.control(), ports.data(), ports.membership(), ports.ticker());
        }

        @Override
        public void killed(String node, long life) {
            // The machines said so.
        }

        @Override
        public void left(String node, long life) {
            world.membership().leave(node);
            world.machines().kill(node, Death.PROCESS);
        }

        @Override
        public Ports ports(NodeSpec node, Ports ports) {
            return wiring.ports(node, ports, loop::now);
        }

        @Override
        public double slowdown(String node) {
            return world.machines().slowFactor(node);
        }

        @Override
        public Disk disk(String node) {
            return () -> world.machines().diskFull(node);
        }
    }

    /** What the machines say to the simulation. */
    private final class Hosting implements MachineListener {
        @Override
        public void started(String node, long life) {
            long begun = simulation.boot(node);
            if (begun != life) {
                throw new IllegalStateException(
                        node + " begins life " + life + " of its machine and " + begun + " here");
            }
        }

        @Override
        public void stopped(String node, long life, Death death) {
            simulation.kill(node);
        }

        @Override
        public void paused(String node) {
            simulation.pause(node);
        }

        @Override
        public void resumed(String node) {
            simulation.resume(node);
        }

        @Override
        public void disk(String node, DiskFault fault, long chance) {
            switch (fault) {
                case FULL -> {}
                case BITFLIP -> simulation.storage(node).flipBit(chance);
                case TRUNCATE -> simulation.storage(node).truncate();
            }
        }
    }
}
