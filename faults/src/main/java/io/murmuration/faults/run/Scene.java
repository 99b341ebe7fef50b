package io.murmuration.faults.run;

import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.DiskFault;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Pair;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;

/** The nodes of a scenario and what connects them, as its events take hold of them: simulated, or processes. */
interface Scene {

    /** Nanoseconds since it began, virtual or of the wall. */
    long now();

    /**
     * Runs {@code action} later, one after the other.
     *
     * @param what it is, for who records what happens
     */
    void schedule(long delayNanos, String what, Runnable action);

    /** Starts a node that is there and is not up. */
    void boot(String node);

    /** The process ends; its machine refuses connections. */
    void kill(String node);

    void leave(String node);

    /** One more node, which is not up yet; false, and nothing, if there is one of that name. */
    boolean add(String node, NodeGroup group);

    boolean isUp(String node);

    List<String> inRegion(String region);

    Healing pause(String node);

    Healing slow(String node, double factor);

    Healing skew(String node, Duration by);

    Healing disk(String node, DiskFault fault);

    Healing cut(Collection<Pair> pairs, Block block);

    Healing change(Collection<Pair> pairs, UnaryOperator<LinkModel> change);

    /** Ends every fault of machines and links. */
    void healAll();
}
