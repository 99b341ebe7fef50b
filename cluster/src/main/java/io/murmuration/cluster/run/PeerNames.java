package io.murmuration.cluster.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import java.util.Locale;
import java.util.Optional;

/**
 * How the peers of nodes are named: peer {@code eu-3:shard} lives on node {@code eu-3}, and so does its second shard,
 * {@code eu-3:shard-2}; the incarnations of its second
 * life are 2,000,000 and what restarts make of that.
 */
public final class PeerNames {

    /** Incarnations of one life of a node: more restarts within a life than any limit allows. */
    public static final long INCARNATIONS_PER_LIFE = 1_000_000;

    private static final char PEER = ':';
    private static final char NUMBER = '-';

    private PeerNames() {}

    /** The peer that plays {@code role} on a node. */
    public static PeerId peer(String node, Role role) {
        return new PeerId(node + PEER + role.name().toLowerCase(Locale.ROOT));
    }

    /**
     * One of several peers that play {@code role} on a node.
     *
     * @param number from 1; the first is {@link #peer(String, Role)}, the second {@code eu-3:shard-2}
     */
    public static PeerId peer(String node, Role role, int number) {
        PeerId first = peer(node, role);
        return number == 1 ? first : new PeerId(first.name() + NUMBER + number);
    }

    /** The first incarnation of the peers of a life. */
    public static long incarnation(long life) {
        return Math.multiplyExact(life, INCARNATIONS_PER_LIFE);
    }

    /** @return the node a peer lives on; empty for a peer that is not called NODE:ROLE */
    public static Optional<String> node(PeerId peer) {
        int end = peer.name().lastIndexOf(PEER);
        return end <= 0 ? Optional.empty() : Optional.of(peer.name().substring(0, end));
    }

    /** @return in which life of its node a member lives */
    public static long life(Member member) {
        return member.incarnation() / INCARNATIONS_PER_LIFE;
    }
}
