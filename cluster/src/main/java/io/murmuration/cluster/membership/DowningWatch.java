package io.murmuration.cluster.membership;

import io.murmuration.cluster.membership.DowningRule.Decision;
import io.murmuration.cluster.membership.DowningRule.Kind;
import io.murmuration.cluster.membership.DowningView.Seat;
import io.murmuration.cluster.membership.DowningView.Standing;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * When it is decided who is removed: once nothing has changed for {@code stableAfter} in who is missed and who has a vote. What
 * changes all the time does not put it off forever: about those who have been missed without a break for {@link #PATIENCE}
 * times as long it is decided although others come and go.
 *
 * <p>Times are monotonic nanoseconds. Not thread-safe.
 */
final class DowningWatch {

    /**
     * How many times {@code stableAfter} a decision is put off at most. The parts of a cluster find out within two or three
     * detections who is missing; who comes and goes for longer has a bad link, and the others shall not wait for it.
     */
    static final int PATIENCE = 4;

    private final Place self;
    private final int quorum;
    private final long stableAfter;
    private final SortedMap<Place, Seat> members = new TreeMap<>();
    private final SortedSet<Place> here = new TreeSet<>();
    private final SortedMap<Place, Long> missedSince = new TreeMap<>();
    private List<Accusation> accusations = List.of();
    private SortedSet<String> seenBy = new TreeSet<>();
    private long changed;

    DowningWatch(Place self, int quorum, Duration stableAfter, long now) {
        this.self = self;
        this.quorum = quorum;
        this.stableAfter = stableAfter.toNanos();
        changed = now;
        here.add(self);
    }

    /** A member is new, or its standing is. */
    void member(Place place, Seat seat, long now) {
        members.put(place, seat);
        if (seat.standing() == Standing.UP || seat.standing() == Standing.GOING) {
            changed = now;
        }
        missedNow(now);
    }

    /** It is no member any more. */
    void removed(Place place, long now) {
        members.remove(place);
        here.remove(place);
        missedNow(now);
    }

    /** The addresses of those who have seen the gossip that this node has now. */
    void seen(SortedSet<String> addresses) {
        seenBy = new TreeSet<>(addresses);
        arrived();
    }

    /**
     * Who misses whom, all of it.
     *
     * @return whether others are missed than before
     */
    boolean accused(List<Accusation> all, long now) {
        accusations = List.copyOf(all);
        if (!missedNow(now)) {
            return false;
        }
        // Who is still here has to show it anew: it may be beyond the same cut, and not missed yet. Pekko tells who has
        // seen
        // the gossip before it tells what changed in it.
        here.clear();
        here.add(self);
        arrived();
        return true;
    }

    private void arrived() {
        members.keySet().stream()
                .filter(place -> seenBy.contains(place.address()))
                .forEach(here::add);
    }

    private boolean missedNow(long now) {
        SortedSet<Place> missed = view(accusations).missed();
        if (missed.equals(missedSince.keySet())) {
            return false;
        }
        missedSince.keySet().retainAll(missed);
        missed.forEach(place -> missedSince.putIfAbsent(place, now));
        changed = now;
        return true;
    }

    /** Everybody who is missed by somebody. */
    SortedSet<Place> missed() {
        return new TreeSet<>(missedSince.keySet());
    }

    /** What this node knows. */
    DowningView view() {
        return view(accusations);
    }

    private DowningView view(List<Accusation> counted) {
        return new DowningView(quorum, members, counted, here);
    }

    /** What is to be done now, if this node is the one to do it. */
    Optional<Decision> due(long now) {
        List<Accusation> counted = now - changed >= stableAfter
                ? accusations
                : accusations.stream()
                        .filter(each -> overdue(each.subject(), now))
                        .toList();
        Decision decision = DowningRule.decide(view(counted));
        boolean ours = decision.decider().equals(Optional.of(self));
        return ours && (decision.kind() == Kind.KEEP || decision.kind() == Kind.GIVE_UP)
                ? Optional.of(decision)
                : Optional.empty();
    }

    private boolean overdue(Place place, long now) {
        Long since = missedSince.get(place);
        return since != null && now - since >= PATIENCE * stableAfter;
    }
}
