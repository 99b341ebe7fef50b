package io.murmuration.faults.scenario;

import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * Nodes that are alike. They are named {@code NAME-1} to {@code NAME-COUNT}; those that join later get the next numbers.
 *
 * @param count nodes; with {@code starts} LATER they are there for an event {@code join} and not before
 * @param region where the group is
 * @param speed compute rate, 1.0 is the device of {@code flops}
 * @param cores tasks that a node computes at once
 * @param flops floating-point operations a second at speed 1.0, for the cost model
 * @param uplink bits a second that all that a node sends shares; empty: only the links limit it
 * @param downlink bits a second that all that a node receives shares
 * @param memory bytes a node may take; 0: no limit
 */
public record NodeGroup(
        String name,
        int count,
        String region,
        List<NodeRole> roles,
        double speed,
        int cores,
        double flops,
        OptionalLong uplink,
        OptionalLong downlink,
        long memory,
        Starts starts,
        Place place) {

    /** Where a scenario says nothing: what a desktop computer of 2025 reaches with fp32 on its cores; no process of small models does. */
    public static final double USUAL_FLOPS = 100e9;

    /** When the nodes of a group come up. */
    public enum Starts {
        /** With the run. */
        NOW,
        /** When an event {@code join} brings them. */
        LATER
    }

    public NodeGroup {
        roles = List.copyOf(roles);
    }

    /** The same with another rate. */
    public NodeGroup withFlops(double other) {
        return new NodeGroup(name, count, region, roles, speed, cores, other, uplink, downlink, memory, starts, place);
    }

    /** Name of the group's node of that number, counted from 1. */
    public String node(int number) {
        return name + "-" + number;
    }

    /** Number of a node of this group, later joiners included; empty if the name is not of this group. */
    public Optional<Integer> number(String node) {
        if (!node.startsWith(name + "-")) {
            return Optional.empty();
        }
        String rest = node.substring(name.length() + 1);
        return rest.matches("[1-9][0-9]{0,8}") ? Optional.of(Integer.valueOf(rest)) : Optional.empty();
    }

    /** The nodes that are up when the run starts. */
    public List<String> initial() {
        return starts == Starts.LATER
                ? List.of()
                : IntStream.rangeClosed(1, count).mapToObj(this::node).toList();
    }
}
