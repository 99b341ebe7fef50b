package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.membership.DowningRule.Kind;
import io.murmuration.cluster.membership.DowningView.Seat;
import io.murmuration.cluster.membership.DowningView.Standing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** When it is decided who is removed. Times are milliseconds. */
final class DowningWatchTest {

    private static final int STABLE = 5_000;

    private final CutWorld world = new CutWorld(6, 3);
    private final DowningWatch watch = watch(0);

    private DowningWatch watch(int self) {
        DowningWatch watch = new DowningWatch(CutWorld.place(self), 2, Duration.ofMillis(STABLE), 0);
        world.members().forEach((place, seat) -> watch.member(place, seat, 0));
        watch.seen(addresses(0, 1, 2, 3, 4, 5));
        return watch;
    }

    private static SortedSet<String> addresses(int... nodes) {
        SortedSet<String> addresses = new TreeSet<>();
        IntStream.of(nodes).forEach(node -> addresses.add(CutWorld.place(node).address()));
        return addresses;
    }

    private static long at(long millis) {
        return Duration.ofMillis(millis).toNanos();
    }

    private static Accusation missing(int observer, int subject) {
        return new Accusation(CutWorld.place(observer), CutWorld.place(subject));
    }

    @Example
    void it_is_decided_when_nothing_has_changed_for_so_long() {
        watch.seen(addresses(0));
        assertThat(watch.accused(List.of(missing(1, 5)), at(10_000))).isTrue();
        watch.seen(addresses(0, 1, 2, 3, 4));
        assertThat(watch.accused(List.of(missing(1, 5), missing(2, 5)), at(11_000)))
                .as("one more misses the same node")
                .isFalse();
        assertThat(watch.due(at(14_999))).isEmpty();
        assertThat(watch.due(at(15_000)).orElseThrow().down()).containsExactly(CutWorld.place(5));
        watch.member(CutWorld.place(5), new Seat(Standing.GOING, false), at(15_001));
        assertThat(watch.due(at(60_000))).isEmpty();
    }

    @Example
    void whoever_is_missed_later_begins_the_time_anew_and_so_does_a_new_vote() {
        watch.seen(addresses(0, 1, 2, 3));
        watch.accused(List.of(missing(1, 5)), at(10_000));
        watch.accused(List.of(missing(1, 5), missing(1, 4)), at(14_000));
        assertThat(watch.due(at(18_999))).isEmpty();
        watch.member(CutWorld.place(2), new Seat(Standing.UP, true), at(18_999));
        assertThat(watch.due(at(23_998))).isEmpty();
        assertThat(watch.due(at(23_999)).orElseThrow().down()).containsExactly(CutWorld.place(4), CutWorld.place(5));
    }

    @Example
    void who_is_heard_again_in_time_stays() {
        watch.seen(addresses(0, 1, 2, 3, 4));
        watch.accused(List.of(missing(1, 5)), at(10_000));
        watch.accused(List.of(), at(12_000));
        assertThat(watch.due(at(60_000))).isEmpty();
        assertThat(watch.missed()).isEmpty();
    }

    @Example
    void only_the_node_that_is_named_acts() {
        DowningWatch other = watch(1);
        other.seen(addresses(0, 1, 2, 3, 4));
        other.accused(List.of(missing(1, 5)), at(10_000));
        assertThat(other.due(at(60_000))).isEmpty();
    }

    /** They may be behind the same cut, and not missed yet. */
    @Example
    void who_has_not_been_heard_since_somebody_is_missed_does_not_count_for_the_quorum() {
        watch.seen(addresses(0));
        watch.accused(List.of(missing(0, 5)), at(10_000));
        assertThat(watch.due(at(30_000))).isEmpty();
        watch.seen(addresses(0, 3));
        assertThat(watch.due(at(30_000))).isEmpty();
        watch.seen(addresses(0, 2));
        assertThat(watch.due(at(30_000)).orElseThrow().kind()).isEqualTo(Kind.KEEP);
    }

    @Example
    void a_coordinator_that_misses_the_others_ends_itself_and_nobody_else() {
        watch.seen(addresses(0));
        watch.accused(List.of(missing(0, 1), missing(0, 2)), at(10_000));
        assertThat(watch.due(at(15_000)).orElseThrow().kind()).isEqualTo(Kind.GIVE_UP);
        assertThat(watch.due(at(15_000)).orElseThrow().down()).containsExactly(CutWorld.place(0));
    }

    /** Somebody comes and goes more often than the time in which nothing may change. */
    @Property
    void who_comes_and_goes_does_not_put_off_the_others_for_ever(@ForAll @IntRange(min = 50, max = 4_900) int period) {
        List<Accusation> dead = List.of(missing(1, 5));
        List<Accusation> both = new ArrayList<>(dead);
        both.add(missing(1, 4));
        watch.seen(addresses(0, 1, 2, 3, 4));
        watch.accused(dead, 0);
        long bound = (long) DowningWatch.PATIENCE * STABLE;
        for (long now = period, turn = 0; ; now += period, turn++) {
            watch.accused(turn % 2 == 0 ? both : dead, at(now));
            if (now >= bound) {
                assertThat(watch.due(at(now)).orElseThrow().down())
                        .as("who comes and goes stays")
                        .containsExactly(CutWorld.place(5));
                return;
            }
            assertThat(watch.due(at(now))).isEmpty();
        }
    }
}
