package io.murmuration.faults.simulation;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.run.PeerNames;
import io.murmuration.faults.simulation.EventLoop.Source;
import java.util.Iterator;
import org.apache.pekko.actor.ActorPath;

/**
 * How nodes, their lives and the peers on them are named: peer {@code eu-3:shard} lives on node {@code eu-3}; the
 * incarnations of its second life are 2,000,000 and what restarts make of that; its actors are below
 * {@code /user/eu-3-2}.
 */
public final class NodePath {

    private static final char LIFE = '-';
    private static final String USER = "user";

    private NodePath() {}

    /** The peer that plays {@code role} on a node. */
    public static PeerId peer(String node, Role role) {
        return PeerNames.peer(node, role);
    }

    /** The first incarnation of the peers of a life. */
    public static long incarnation(long life) {
        return PeerNames.incarnation(life);
    }

    /** @return the node a peer lives on */
    public static String node(PeerId peer) {
        return PeerNames.node(peer)
                .orElseThrow(() -> new IllegalArgumentException("expected a peer named NODE:ROLE, got " + peer));
    }

    /** @return the node a member lives on */
    public static String node(Member member) {
        return node(member.peer());
    }

    /** @return in which life of its node a member lives */
    public static long life(Member member) {
        return PeerNames.life(member);
    }

    /** @throws IllegalArgumentException if {@code member} does not live in {@code life} of {@code node} */
    public static void check(Member member, String node, long life) {
        if (!node(member).equals(node) || life(member) != life) {
            throw new IllegalArgumentException(
                    "expected a member of life " + life + " of node " + node + ", got " + member);
        }
    }

    /** Something that happens at a member. */
    public static Source at(Member member, String path) {
        return new Source(node(member.peer()), life(member), path);
    }

    /** The name of the actor that holds all others of a life. */
    static String actorName(String node, long life) {
        return node + LIFE + life;
    }

    /** The source of what an actor does. Names that Pekko makes up are not stable and left out. */
    static Source source(ActorPath path) {
        StringBuilder text = new StringBuilder();
        String top = "";
        String below = "";
        Iterator<String> elements = path.getElements().iterator();
        for (int depth = 0; elements.hasNext(); depth++) {
            String element = elements.next();
            if (depth == 0) {
                top = element;
            } else if (depth == 1) {
                below = element;
            }
            text.append('/').append(element.startsWith("$") ? "$" : element);
        }
        int cut = below.lastIndexOf(LIFE);
        if (!top.equals(USER) || cut <= 0) {
            return Source.world(text.toString());
        }
        return new Source(below.substring(0, cut), Long.parseLong(below.substring(cut + 1)), text.toString());
    }
}
