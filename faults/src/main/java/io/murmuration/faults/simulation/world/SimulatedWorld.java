package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.faults.simulation.EventLoop;
import java.util.Collection;
import java.util.function.ToLongFunction;

/**
 * A world put together: machines, the network between them, who sees whom. Who hosts the actors listens to
 * {@link #machines()}: it starts them when a life begins and stops them when it is over. A life that learns that the others
 * have removed it is ended, and a new one begun, here.
 */
public final class SimulatedWorld {

    private final Machines machines;
    private final Network network;
    private final SimulatedMembership membership;

    /**
     * @param loop everything happens in it; the world becomes its gate
     * @param coordinators nodes whose majority is the quorum, for the whole run
     * @param models what links are like
     * @param frameSizes bytes of a data frame on the wire
     */
    public SimulatedWorld(
            EventLoop loop,
            long seed,
            Collection<String> coordinators,
            LinkModels models,
            WorldSettings settings,
            ToLongFunction<DataFrame> frameSizes) {
        this.machines = new Machines(loop, seed);
        this.network = new Network(loop, seed, machines, models, settings.network(), frameSizes);
        this.membership = new SimulatedMembership(loop, seed, machines, network, settings.membership(), coordinators);
        membership.onRemoved((node, life) -> machines.restart(node));
    }

    /** There is such a node; {@link Machines#start} begins its first life. */
    public void add(String node) {
        machines.add(node);
    }

    public NodePorts portsOf(String node, long life) {
        return new NodePorts(
                network.dataOf(node, life),
                network.controlOf(node, life),
                membership.of(node, life),
                machines.ticker(node));
    }

    public Machines machines() {
        return machines;
    }

    public Network network() {
        return network;
    }

    public SimulatedMembership membership() {
        return membership;
    }

    /** Ends every fault in force. The dead stay dead. */
    public void healAll() {
        network.healAll();
        machines.healAll();
    }
}
