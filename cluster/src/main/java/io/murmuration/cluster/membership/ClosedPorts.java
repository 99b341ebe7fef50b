package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.pekko.actor.AddressFromURIString;
import org.apache.pekko.actor.typed.javadsl.ActorContext;
import org.apache.pekko.cluster.typed.Cluster;
import org.apache.pekko.cluster.typed.Down;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that has gone and whose machine is still there: its data port refuses connections. Not thread-safe: the gateway owns
 * it.
 */
final class ClosedPorts {

    private static final Logger LOG = LoggerFactory.getLogger(ClosedPorts.class);

    /** Nodes whose ports are tried at the same time. */
    private static final int MOST_PROBES = 16;

    /** Whether this node was refused by the data port of a life of {@code node}. */
    record Probed(String node, long life, boolean refused) implements GatewayMessage {}

    private final ActorContext<GatewayMessage> context;
    private final NodeIdentity self;
    private final Cluster cluster;
    private final Directory directory;
    private final OwnEntry own;
    private final Gateways gateways;
    private final PortRefusals portRefusals;
    private final QuickRemovals quickRemovals;
    private final Set<String> probed = new LinkedHashSet<>();

    /** @param context of the gateway, which gets {@link Probed} */
    ClosedPorts(
            ActorContext<GatewayMessage> context,
            ClusterGateway.Options options,
            Cluster cluster,
            Directory directory,
            OwnEntry own,
            Gateways gateways) {
        this.context = context;
        this.self = options.self();
        this.cluster = cluster;
        this.directory = directory;
        this.own = own;
        this.gateways = gateways;
        this.portRefusals = new PortRefusals(options.refusalWindow());
        this.quickRemovals = new QuickRemovals(options.refusalRemovals());
    }

    /** The address says which node it was, and what that node says of itself, which life: another life listens elsewhere or again. */
    void refused(DataAddress address) {
        Optional<DirectoryEntry> suspect =
                directory.entry(address.node()).filter(entry -> entry.data().equals(address));
        if (suspect.isEmpty()) {
            return;
        }
        String name = suspect.get().node();
        long life = suspect.get().life();
        if (own.isLeading()) {
            suspect(self.node(), name, life);
        } else {
            directory
                    .leads()
                    .ifPresent(leader -> gateways.send(
                            leader.place(), new ClusterMessage.PortRefused(self.run(), self.node(), name, life)));
        }
    }

    /**
     * Only who leads acts on it, only against workers, because nodes that decide with others are left to the quorum, and only
     * if it is refused as well: others may see another network, or lie.
     */
    void suspect(String witness, String name, long life) {
        Optional<DirectoryEntry> suspect = suspect(name, life)
                .filter(entry ->
                        !witness.equals(name) && directory.entry(witness).isPresent());
        if (suspect.isPresent()
                && portRefusals.reported(witness, name, life, System.nanoTime())
                && probed.size() < MOST_PROBES
                && probed.add(name)) {
            context.pipeToSelf(
                    PortProbe.refused(suspect.get().data()),
                    (refused, failure) -> new Probed(name, life, Boolean.TRUE.equals(refused)));
        }
    }

    /** A node that hosts nobody any more has closed its port because it leaves, and is gone by itself in a moment. */
    private Optional<DirectoryEntry> suspect(String name, long life) {
        return directory
                .entry(name)
                .filter(entry -> own.isLeading()
                        && entry.life() == life
                        && entry.coordinator().isEmpty()
                        && !entry.members().isEmpty());
    }

    void probed(Probed probe) {
        probed.remove(probe.node());
        Optional<DirectoryEntry> suspect = suspect(probe.node(), probe.life());
        if (suspect.isEmpty()) {
            return;
        }
        if (!probe.refused()) {
            LOG.warn("two nodes say that node {} refuses connections, and this one is not refused", probe.node());
        } else if (!quickRemovals.allows(probe.node(), probe.life(), System.nanoTime())) {
            LOG.warn(
                    "node {} refuses connections, and is left to the failure detector: too many were removed for that",
                    probe.node());
        } else {
            LOG.warn(
                    "node {} refuses connections, as this node and two have seen, and is removed at once",
                    probe.node());
            cluster.manager()
                    .tell(new Down(AddressFromURIString.parse(suspect.get().control())));
        }
    }
}
