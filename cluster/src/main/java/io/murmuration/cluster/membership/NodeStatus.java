package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.WireCounts;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What a node knows of itself and of the run at one moment, for whoever asks.
 *
 * @param phase of this node, in words
 * @param joined whether it is in the cluster and stays
 * @param roles of this node
 * @param leader the node that leads, if it is known
 * @param nodes all that are in the cluster, by name
 * @param run how far it is, as who leads told last
 * @param wire what this node has offered to the wire in this life, and whom it let in from there
 */
public record NodeStatus(
        NodeIdentity self,
        String phase,
        boolean joined,
        List<Role> roles,
        Optional<String> leader,
        List<Seen> nodes,
        RunStatus run,
        Wire wire) {

    /**
     * Another node, or this one, as it is seen from here.
     *
     * @param stages in which its shards take part, in their order; none where a shard takes no part
     */
    public record Seen(
            String name, long life, String control, List<Role> roles, List<Integer> stages, boolean unreachable) {}

    /**
     * Bytes of tensors, and who did not get to send any.
     *
     * @param encoded by class, snapshots not included
     * @param uncompressed what all that would be as fp32
     * @param snapshots for joiners and checkpoints
     * @param turnedAway how often who wanted to send was turned away or cut off, by reason
     */
    public record Wire(
            Map<Traffic, Long> encoded, long uncompressed, long snapshots, SortedMap<String, Long> turnedAway) {

        static Wire of(WireCounts counts) {
            Map<Traffic, Long> encoded = new EnumMap<>(Traffic.class);
            for (Traffic traffic : Traffic.values()) {
                encoded.put(traffic, counts.encodedBytes(traffic));
            }
            return new Wire(encoded, counts.uncompressedBytes(), counts.snapshotBytes(), counts.turnedAway());
        }
    }

    /** What {@code whereabouts} say, beside what the node itself knows. */
    public static NodeStatus of(
            NodeIdentity self,
            String phase,
            boolean joined,
            List<Role> roles,
            Whereabouts whereabouts,
            WireCounts counts) {
        RunStatus run = whereabouts.status();
        List<Seen> nodes = whereabouts.entries().stream()
                .map(entry -> new Seen(
                        entry.node(),
                        entry.life(),
                        entry.control(),
                        entry.members().values().stream().distinct().sorted().toList(),
                        stages(entry, run),
                        whereabouts.unreachable(entry.node())))
                .toList();
        return new NodeStatus(self, phase, joined, roles, whereabouts.leader(), nodes, run, Wire.of(counts));
    }

    private static List<Integer> stages(DirectoryEntry entry, RunStatus run) {
        return entry.members().keySet().stream()
                .flatMapToInt(member -> run.roster().stageOf(member).stream())
                .boxed()
                .toList();
    }

    /** Whether this node takes part, and knows of a run that somebody leads. */
    public boolean ready() {
        return joined && leader.isPresent() && !run.equals(RunStatus.UNKNOWN);
    }
}
