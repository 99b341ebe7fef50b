package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.Member;

/**
 * Who speaks on a connection.
 *
 * @param node the node's name, one in the cluster
 * @param life grows each time the node starts
 * @param run fingerprint of the run: nodes of other runs are strangers
 * @param protocol version of what is spoken on both planes
 */
public record NodeIdentity(String node, long life, String run, int protocol) {

    /** Between the node and the role in a member's name. */
    private static final char SEPARATOR = ':';

    /** Whether {@code member} lives on this node: it is named {@code NODE} or {@code NODE:ROLE}. */
    public boolean hosts(Member member) {
        return nodeOf(member).equals(node);
    }

    /** The name of the node that {@code member} lives on. */
    public static String nodeOf(Member member) {
        String name = member.peer().name();
        int end = name.indexOf(SEPARATOR);
        return end < 0 ? name : name.substring(0, end);
    }
}
