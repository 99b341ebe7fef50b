package io.murmuration.cluster.config;

import io.murmuration.actors.protocol.Role;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What an operator decides of a node; each is explained in {@code reference.conf} under {@code node}.
 *
 * @param name unique in the cluster
 * @param roles what it does, in the order in which it starts them
 * @param shards with the role shard; empty: as many as memory and cores allow
 * @param work folder of its checkpoints, its log and the number of its life
 * @param control where others reach its control plane, and where it listens for them
 * @param data the same of its data plane
 * @param seeds nodes it asks to be let in
 * @param coordinators nodes with the role coordinator that are planned; their majority is the quorum
 * @param joinWait how long it looks for a seed that lets it in
 * @param joinRetry pause between two greetings of a seed
 * @param announceRetry pause between two announcements to who has not confirmed one
 * @param rejoin whether it comes back by itself after the others have removed it
 * @param rejoinPause how long it waits before that
 * @param farewell how long a node whose run is over waits for the others to know
 * @param statusEvery pause between two lines of a node that does not lead
 * @param eventsSize bytes of its file of events before it is begun anew
 * @param logSize bytes of its log before it is begun anew
 * @param tls empty: plain
 * @param http what people and scripts ask and order
 */
public record NodeSettings(
        String name,
        List<Role> roles,
        OptionalInt shards,
        Path work,
        Endpoint control,
        Endpoint data,
        List<Seed> seeds,
        int coordinators,
        Duration joinWait,
        Duration joinRetry,
        Duration announceRetry,
        boolean rejoin,
        Duration rejoinPause,
        Duration farewell,
        Duration statusEvery,
        long eventsSize,
        long logSize,
        Detection detection,
        Optional<Tls> tls,
        HttpSettings http) {

    /** Shards on one node: more gain nothing on a machine of today, and all of them go with it. */
    public static final int MOST_SHARDS = 16;

    /**
     * Two sides of an address. Names are kept as they are and resolved for each connection.
     *
     * @param host by which others find it
     * @param port by which others find it; 0: the one that was bound
     * @param bindHost where it listens
     * @param bindPort where it listens; 0: a free one
     */
    public record Endpoint(String host, int port, String bindHost, int bindPort) {
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /** The control address of a node. */
    public record Seed(String host, int port) {
        @Override
        public String toString() {
            return host + ":" + port;
        }
    }

    /**
     * How it is found out that a node is gone.
     *
     * @param heartbeatPause silence that is still no sign of death
     * @param stableAfter how long membership has to stand still before it is decided who is to go
     * @param removalMargin from that decision to the removal
     * @param refusalWindow reports of two peers that a node's port refuses them count together within this
     * @param refusalRemovals nodes that are removed for that in a minute
     */
    public record Detection(
            Duration heartbeatPause,
            Duration stableAfter,
            Duration removalMargin,
            Duration refusalWindow,
            int refusalRemovals) {

        /** Heartbeats come every second; the last, and the look at them, may be one late. */
        private static final Duration HEARTBEATS = Duration.ofSeconds(3);

        /** How long after its death a node is missed at the latest. */
        public Duration missedWithin() {
            return heartbeatPause.plus(HEARTBEATS);
        }
    }

    /** PEM files. */
    public record Tls(Path authority, Path certificate, Path key) {}

    /** @throws UserError if values that are fine alone do not go together */
    public NodeSettings {
        roles = List.copyOf(new LinkedHashSet<>(roles));
        seeds = List.copyOf(seeds);
        if (control.bindPort() != 0
                && control.bindPort() == data.bindPort()
                && control.bindHost().equals(data.bindHost())) {
            throw new UserError(String.format(
                    Locale.ROOT,
                    "node.control and node.data both listen on %s:%d: each needs a port of its own",
                    data.bindHost(),
                    data.bindPort()));
        }
    }

    /** Coordinator nodes that have to see each other so that somebody may decide. */
    public int quorum() {
        return coordinators / 2 + 1;
    }

    /** Whether it has the role that nobody plays yet. */
    public boolean verifies() {
        return roles.contains(Role.VERIFIER);
    }

    public boolean coordinates() {
        return roles.contains(Role.COORDINATOR);
    }

    public boolean computes() {
        return roles.contains(Role.SHARD);
    }
}
