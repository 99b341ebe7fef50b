package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.Member;

/**
 * Where a member lives: peers are called {@code NODE:ROLE}, and a member's incarnation is its node's life times
 * {@link #PER_LIFE} plus its restarts within that life.
 */
public final class Addresses {

    /** More restarts within one life no supervisor allows. */
    public static final long PER_LIFE = 1_000_000;

    private Addresses() {}

    /** The member {@code node:role} as it is first started in {@code life}. */
    public static Member member(String node, String role, long life) {
        return Member.of(node + ":" + role, life * PER_LIFE);
    }

    public static String node(Member member) {
        String name = member.peer().name();
        int colon = name.lastIndexOf(':');
        return colon < 0 ? name : name.substring(0, colon);
    }

    public static long life(Member member) {
        return member.incarnation() / PER_LIFE;
    }

    /** @throws IllegalArgumentException if {@code member} does not live in {@code life} of {@code node} */
    static void check(Member member, String node, long life) {
        if (!node(member).equals(node) || life(member) != life) {
            throw new IllegalArgumentException(
                    "expected a member of life " + life + " of node " + node + ", got " + member);
        }
    }
}
