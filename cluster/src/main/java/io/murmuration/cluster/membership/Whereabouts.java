package io.murmuration.cluster.membership;

import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.run.PeerNames;
import io.murmuration.cluster.transport.DataAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.pekko.actor.typed.ActorRef;

/** Where the nodes are, as this one knows it: written by the gateway, read by any thread. */
public final class Whereabouts {

    /** A node, how it is reached, and whether it answers. */
    record Located(DirectoryEntry entry, ActorRef<GatewayMessage> gateway, boolean unreachable) {}

    private volatile Map<String, Located> nodes = Map.of();
    private volatile Optional<String> leader = Optional.empty();
    private volatile RunStatus status = RunStatus.UNKNOWN;

    void publish(Map<String, Located> now, Optional<String> leads) {
        nodes = Map.copyOf(now);
        leader = leads;
    }

    void told(RunStatus now) {
        status = now;
    }

    /** The node a member lives on; empty if that node, or that life of it, is not known. */
    Optional<Located> of(Member member) {
        return PeerNames.node(member.peer())
                .flatMap(node -> Optional.ofNullable(nodes.get(node)))
                .filter(located -> located.entry().life() == PeerNames.life(member));
    }

    /** Where the tensors for a member go. */
    public Optional<DataAddress> data(Member member) {
        return of(member).map(located -> located.entry().data());
    }

    /** What every node says of itself, by name. */
    public List<DirectoryEntry> entries() {
        return nodes.values().stream()
                .map(Located::entry)
                .sorted(java.util.Comparator.comparing(DirectoryEntry::node))
                .toList();
    }

    public boolean unreachable(String node) {
        return Optional.ofNullable(nodes.get(node)).filter(Located::unreachable).isPresent();
    }

    /** The node whose coordinator leads, as far as is known here. */
    public Optional<String> leader() {
        return leader;
    }

    /** How far the run is, as who leads told last. */
    public RunStatus status() {
        return status;
    }
}
