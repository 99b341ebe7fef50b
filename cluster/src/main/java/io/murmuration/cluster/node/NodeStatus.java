package io.murmuration.cluster.node;

import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.membership.DirectoryEntry;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.List;
import java.util.Optional;

/**
 * What a node knows of itself and of the run at one moment, for whoever asks.
 *
 * @param phase of this node, in words
 * @param leader the node that leads, if it is known
 * @param nodes all that are in the cluster, by name
 * @param run how far it is, as who leads told last
 */
public record NodeStatus(NodeIdentity self, String phase, Optional<String> leader, List<Seen> nodes, RunStatus run) {

    /** Another node, or this one, as it is seen from here. */
    public record Seen(String name, long life, String control, List<Role> roles, boolean unreachable) {}

    static NodeStatus of(NodeIdentity self, String phase, Whereabouts whereabouts) {
        List<Seen> nodes = whereabouts.entries().stream()
                .map(entry -> new Seen(
                        entry.node(),
                        entry.life(),
                        entry.control(),
                        roles(entry),
                        whereabouts.unreachable(entry.node())))
                .toList();
        return new NodeStatus(self, phase, whereabouts.leader(), nodes, whereabouts.status());
    }

    private static List<Role> roles(DirectoryEntry entry) {
        return entry.members().values().stream().distinct().sorted().toList();
    }
}
