package io.murmuration.faults.simulation;

import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.compute.Device;
import java.util.List;

/**
 * A simulated machine.
 *
 * @param name also the front of its peers' names; letters, digits and dashes
 * @param region where it stands in the network
 * @param roles what it does, in the order in which it starts them; a coordinator's node also keeps checkpoints
 * @param speed how many times as fast as its device is usually
 * @param cores tasks its device works on at once
 * @param device what a core of it is
 */
public record NodeSpec(String name, String region, List<Role> roles, double speed, int cores, Device device) {
    public NodeSpec {
        roles = List.copyOf(roles);
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9_-]*")) {
            throw new IllegalArgumentException("a node's name has letters, digits, _ and -, got \"" + name + "\"");
        }
        if (!(speed > 0) || Double.isInfinite(speed)) {
            throw new IllegalArgumentException("the speed of node " + name + " is to be above 0, got " + speed);
        }
        if (cores < 1) {
            throw new IllegalArgumentException("node " + name + " is to have at least 1 core, got " + cores);
        }
    }

    /** One core at the usual speed. */
    public static NodeSpec of(String name, String region, Role... roles) {
        return new NodeSpec(name, region, List.of(roles), 1, 1, Device.USUAL);
    }
}
