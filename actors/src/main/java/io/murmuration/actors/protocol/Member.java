package io.murmuration.actors.protocol;

import java.util.Comparator;

/**
 * One life of a peer. A peer that comes back has lost its memory, so it comes back under a higher incarnation and
 * nothing addressed to an earlier life reaches it.
 */
public record Member(PeerId peer, long incarnation) implements Comparable<Member> {

    private static final Comparator<Member> ORDER =
            Comparator.comparing(Member::peer).thenComparing(Member::incarnation);

    public static Member of(String name, long incarnation) {
        return new Member(new PeerId(name), incarnation);
    }

    @Override
    public int compareTo(Member other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return peer + "#" + incarnation;
    }
}
