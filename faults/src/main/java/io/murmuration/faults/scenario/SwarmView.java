package io.murmuration.faults.scenario;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** The nodes at one moment, as far as an event needs to know them to choose whom it befalls. */
public interface SwarmView {

    /**
     * A node that there is or was.
     *
     * @param up whether it lives (also paused or cut off)
     */
    record Node(String name, NodeGroup group, boolean up) {}

    /** All nodes, in a stable order. */
    List<Node> nodes();

    /** Stage of the node's shard; empty if it holds none now. */
    OptionalInt stage(String node);

    /** The node whose coordinator leads. */
    Optional<String> leader();

    /** Nodes whose shards send a snapshot. */
    List<String> donors();

    /** Nodes whose shards receive a snapshot, or wait for one. */
    List<String> joiners();
}
