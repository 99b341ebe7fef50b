package io.murmuration.faults.simulation;

import io.murmuration.actors.port.ControlPlane;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.port.Membership;
import io.murmuration.actors.port.Ports;
import io.murmuration.actors.port.Ticker;
import io.murmuration.faults.simulation.compute.Disk;

/**
 * Everything around the nodes: network, membership, clocks, machines. All calls come from the loop's thread; what it does
 * later it does as events of the same loop.
 */
public interface World {

    /** What a node sees in one of its lives, the device apart. */
    record NodePorts(ControlPlane control, DataPlane data, Membership membership, Ticker ticker) {}

    /** A node begins life {@code life}. */
    NodePorts boot(NodeSpec node, long life);

    /** A node has been killed: what this life sent from now on is lost, and the others will find out. */
    void killed(String node, long life);

    /** A node has handed over what it held and has ended by itself. */
    void left(String node, long life);

    /** By what a task that starts now on {@code node} takes longer; 1 is as usual. */
    double slowdown(String node);

    /** The disk of a node, the same in all its lives. */
    Disk disk(String node);

    /** What the actors of a node get as their ports; what they do through them is seen by the taps. */
    default Ports ports(NodeSpec node, Ports ports) {
        return ports;
    }
}
