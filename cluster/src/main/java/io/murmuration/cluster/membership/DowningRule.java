package io.murmuration.cluster.membership;

import io.murmuration.cluster.membership.DowningView.Standing;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * Who is removed from a cluster that is cut: static quorum over the coordinators, counted by who proves to be here.
 *
 * <p>An accusation says that a pair does not hear each other, and not whose fault it is; and somebody who is cut off in one
 * direction still tells everybody that it misses them all. So accusations alone decide nothing. Gossip is proof of both
 * directions: who has seen what this part of the cluster knows now, and was heard to have seen it, belongs to it. A coordinator
 * cannot have seen the gossip of two parts that do not reach each other, so that at most one of them has a quorum.
 *
 * <ol>
 *   <li>What members say who are not here, or are going, is left out.
 *   <li>Two who are both here and miss each other are joined by others only. That pair cannot stay, or membership would stand
 *       still: whoever misses or is missed by most goes; of equals not the coordinator, and then the one of highest address.
 *       A coordinator without whom there would be no quorum stays, and so do both if both are such.
 *   <li>Who is missed by somebody that stays, and is not here, goes.
 *   <li>All that only if a quorum of coordinators is here. If those that are not missed are too few for one, all who are here
 *       go; nobody else is touched, for what is said here may be heard elsewhere. If neither is known yet, it is waited.
 * </ol>
 *
 * <p>A pure function: who sees the same decides the same, on whichever node.
 */
final class DowningRule {

    /** What is to be done. */
    enum Kind {
        /** Nobody has to go. */
        QUIET,
        /** Whether there is a quorum here is not known yet. */
        WAIT,
        /** This part goes on. */
        KEEP,
        /** This part has no quorum: it ends. */
        GIVE_UP
    }

    /**
     * A decision.
     *
     * @param down who is to be removed; empty unless this part keeps or gives up
     * @param decider who carries it out: the first by address of those with a seat that stay, or, if nobody stays, of those
     *     that are here; empty if nobody may
     */
    record Decision(Kind kind, SortedSet<Place> down, Optional<Place> decider) {
        Decision {
            down = Collections.unmodifiableSortedSet(new TreeSet<>(down));
        }

        private static Decision none(Kind kind) {
            return new Decision(kind, Collections.emptySortedSet(), Optional.empty());
        }
    }

    private final DowningView view;
    private final SortedSet<Place> here = new TreeSet<>();
    private final List<Accusation> heard;
    private final int quorum;

    private DowningRule(DowningView view) {
        this.view = view;
        view.here().stream().filter(view::stays).forEach(here::add);
        heard = view.counted().stream()
                .filter(each -> here.contains(each.observer()))
                .toList();
        // More coordinators than are planned are not let in; should there be some, the quorum still is more than half.
        quorum = Math.max(view.quorum(), (int) votes(view.members().keySet().stream()) / 2 + 1);
    }

    static Decision decide(DowningView view) {
        return new DowningRule(view).decide();
    }

    private Decision decide() {
        if (heard.isEmpty()) {
            return Decision.none(Kind.QUIET);
        }
        long present = votes(here.stream());
        if (present >= quorum) {
            return keep();
        }
        SortedSet<Place> gone = missedBy(here);
        long possible = votes(view.members().keySet().stream().filter(place -> !gone.contains(place)));
        return possible < quorum ? new Decision(Kind.GIVE_UP, here, decider(here)) : Decision.none(Kind.WAIT);
    }

    private Decision keep() {
        SortedSet<Place> staying = new TreeSet<>(here);
        staying.removeAll(brokenOff());
        SortedSet<Place> down = new TreeSet<>(here);
        down.removeAll(staying);
        down.addAll(missedBy(staying));
        return down.isEmpty() ? Decision.none(Kind.QUIET) : new Decision(Kind.KEEP, down, decider(staying));
    }

    /** Who is not here and is missed by one of these. */
    private SortedSet<Place> missedBy(SortedSet<Place> observers) {
        SortedSet<Place> missed = new TreeSet<>();
        for (Accusation each : heard) {
            if (observers.contains(each.observer()) && !here.contains(each.subject())) {
                missed.add(each.subject());
            }
        }
        return missed;
    }

    /** Those that have to go so that, as far as possible, no two are left here that miss each other. */
    private SortedSet<Place> brokenOff() {
        SortedSet<Place> off = new TreeSet<>();
        while (true) {
            SortedMap<Place, SortedSet<Place>> broken = broken(off);
            boolean spare = votes(here.stream().filter(place -> !off.contains(place))) > quorum;
            Optional<Place> worst = broken.keySet().stream()
                    .filter(place -> spare || !view.votes(place))
                    .max(Comparator.comparingInt(
                                    (Place place) -> broken.get(place).size())
                            .thenComparing(place -> !view.votes(place))
                            .thenComparing(Comparator.naturalOrder()));
            if (worst.isEmpty()) {
                return off;
            }
            off.add(worst.get());
        }
    }

    /** With whom each of those who are here has no link, but for those that are off. */
    private SortedMap<Place, SortedSet<Place>> broken(SortedSet<Place> off) {
        SortedMap<Place, SortedSet<Place>> broken = new TreeMap<>();
        for (Accusation each : heard) {
            Place one = each.observer();
            Place other = each.subject();
            if (here.contains(other) && !off.contains(one) && !off.contains(other)) {
                broken.computeIfAbsent(one, ignored -> new TreeSet<>()).add(other);
                broken.computeIfAbsent(other, ignored -> new TreeSet<>()).add(one);
            }
        }
        return broken;
    }

    private Optional<Place> decider(SortedSet<Place> among) {
        return first(among, Standing.UP).or(() -> first(among, Standing.WEAKLY_UP));
    }

    private Optional<Place> first(SortedSet<Place> among, Standing standing) {
        return among.stream()
                .filter(place -> view.members().get(place).standing() == standing)
                .findFirst();
    }

    private long votes(Stream<Place> places) {
        return places.filter(view::votes).count();
    }
}
