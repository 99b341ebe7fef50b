package io.murmuration.cluster.membership;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What a node knows when it decides who is removed. Immutable.
 *
 * @param quorum coordinators that a part of the cluster needs to go on
 * @param members who is in the cluster
 * @param accusations who misses whom, as gossip says; also of nodes that are no members
 * @param here who has shown, since the last change of who is missed, that it hears this part and is heard: who has seen gossip
 *     that says so. With the node itself
 */
record DowningView(int quorum, SortedMap<Place, Seat> members, List<Accusation> accusations, SortedSet<Place> here) {

    /** How far in the cluster a member is. */
    enum Standing {
        /** It has no vote yet, and may not decide. */
        JOINING,
        /** It has no vote yet. */
        WEAKLY_UP,
        /** It has a vote, if it is a coordinator. */
        UP,
        /** Exiting or already downed: on its way out whatever is decided, and what it says does not count. */
        GOING
    }

    /** @param coordinator whether it can lead, so that it counts for the quorum */
    record Seat(Standing standing, boolean coordinator) {
        boolean votes() {
            return coordinator && standing == Standing.UP;
        }
    }

    DowningView {
        members = Collections.unmodifiableSortedMap(new TreeMap<>(members));
        accusations = List.copyOf(accusations);
        here = Collections.unmodifiableSortedSet(new TreeSet<>(here));
    }

    /** Whether it is a member that stays if nobody decides otherwise. */
    boolean stays(Place place) {
        Seat seat = members.get(place);
        return seat != null && seat.standing() != Standing.GOING;
    }

    boolean votes(Place place) {
        Seat seat = members.get(place);
        return seat != null && seat.votes();
    }

    /** The accusations that count: of members, by members, none of them on its way out. */
    List<Accusation> counted() {
        return accusations.stream()
                .filter(each -> stays(each.observer()) && stays(each.subject()))
                .toList();
    }

    /** Everybody who is missed by somebody. */
    SortedSet<Place> missed() {
        SortedSet<Place> missed = new TreeSet<>();
        counted().forEach(each -> missed.add(each.subject()));
        return missed;
    }
}
