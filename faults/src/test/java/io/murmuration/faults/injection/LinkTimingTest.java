package io.murmuration.faults.injection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Rate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class LinkTimingTest {

    private static final long MILLI = 1_000_000;

    private record Arrival(long time, int number) {}

    private static LinkModel model(double megabits, long latencyMillis) {
        return LinkModel.IDEAL.rate(Rate.megabits(megabits)).latency(Duration.ofMillis(latencyMillis));
    }

    private static LinkTiming<Integer> link(LinkModel model, long queue) {
        return new LinkTiming<>(model, queue, new SplittableRandom(1));
    }

    /** Sends as soon as there is room, and lets go at the very moment. */
    private static List<Arrival> flood(LinkTiming<Integer> link, List<Integer> sizes) {
        List<Arrival> arrivals = new ArrayList<>();
        long now = 0;
        int sent = 0;
        while (sent < sizes.size() || link.next() != LinkTiming.NEVER) {
            while (sent < sizes.size() && link.hasRoom()) {
                link.enter(now, sizes.get(sent), sent);
                sent++;
            }
            now = Math.max(now, link.next());
            link.depart(now, (time, number) -> arrivals.add(new Arrival(time, number)));
        }
        return arrivals;
    }

    @Property
    void a_line_that_is_never_idle_sends_exactly_at_its_rate_and_in_order(
            @ForAll @Size(min = 1, max = 50) List<@IntRange(min = 1, max = 65_536) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 1000) int megabits,
            @ForAll @IntRange(max = 500) int latency,
            @ForAll @IntRange(min = 1, max = 1_000_000) int queue) {
        List<Arrival> arrivals = flood(link(model(megabits, latency), queue), sizes);
        assertThat(arrivals).extracting(Arrival::number).isSorted().hasSize(sizes.size());
        double sent = 0;
        for (Arrival arrival : arrivals) {
            sent += sizes.get(arrival.number());
            // A nanosecond is rounded for every piece.
            assertThat((double) arrival.time())
                    .isBetween(
                            latency * MILLI + sent * 8000 / megabits - sizes.size(),
                            latency * MILLI + sent * 8000 / megabits + sizes.size());
        }
    }

    @Property
    void no_more_waits_than_the_queue_holds_and_one_piece(
            @ForAll @Size(min = 1, max = 50) List<@IntRange(min = 1, max = 65_536) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 200_000) int queue) {
        LinkTiming<Integer> link = link(model(8, 0), queue);
        int entered = 0;
        for (int size : sizes) {
            if (link.hasRoom()) {
                link.enter(0, size, size);
                entered += size;
                assertThat(link.queued()).isEqualTo(entered).isLessThan((long) queue + size);
            } else {
                assertThatThrownBy(() -> link.enter(0, size, size))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("takes no more");
            }
        }
    }

    @Property
    void what_is_held_arrives_late_at_the_rate_of_the_link_and_nothing_is_missing(
            @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 10_000) Integer> sizes,
            @ForAll @IntRange(max = 50) int heldAt,
            @ForAll @IntRange(min = 1, max = 1000) int heldFor) {
        LinkTiming<Integer> link = link(model(8, 10), 1_000_000);
        for (int i = 0; i < sizes.size(); i++) {
            link.enter(0, sizes.get(i), i);
        }
        List<Arrival> arrivals = new ArrayList<>();
        link.depart(heldAt * MILLI, (time, number) -> arrivals.add(new Arrival(time, number)));
        int before = arrivals.size();
        link.hold();
        assertThat(link.next()).isEqualTo(LinkTiming.NEVER);
        long released = (heldAt + heldFor) * MILLI;
        link.depart(released, (time, number) -> arrivals.add(new Arrival(time, number)));
        assertThat(arrivals).hasSize(before);
        link.release(released);
        while (link.next() != LinkTiming.NEVER) {
            link.depart(link.next(), (time, number) -> arrivals.add(new Arrival(time, number)));
        }
        assertThat(arrivals).extracting(Arrival::number).isSorted().hasSize(sizes.size());
        long due = released + 10 * MILLI;
        for (Arrival arrival : arrivals.subList(before, arrivals.size())) {
            due += sizes.get(arrival.number()) * 1000L;
            assertThat(arrival.time()).isEqualTo(due);
        }
    }

    @Property
    void a_line_whose_senders_wait_is_used_to_its_rate_though_it_is_looked_at_late(
            @ForAll @Size(min = 1, max = 50) List<@IntRange(min = 1, max = 65_536) Integer> sizes,
            @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 1, max = 100) Integer> naps) {
        LinkTiming<Integer> link = link(model(8, 0), 1);
        List<Arrival> arrivals = new ArrayList<>();
        link.enter(0, sizes.getFirst(), 0);
        long now = 0;
        int sent = 1;
        for (int look = 0; arrivals.size() < sizes.size(); look++) {
            now += naps.get(look % naps.size()) * MILLI;
            boolean more = true;
            while (more) {
                link.depart(now, (time, number) -> arrivals.add(new Arrival(time, number)));
                more = sent < sizes.size() && link.hasRoom();
                if (more) {
                    link.enterWaited(now, sizes.get(sent), sent);
                    sent++;
                }
            }
        }
        long due = 0;
        for (Arrival arrival : arrivals) {
            due += sizes.get(arrival.number()) * 1000L;
            assertThat(arrival.time()).isEqualTo(due);
        }
    }

    @Test
    void an_idle_line_saves_nothing_up() {
        LinkTiming<Integer> link = link(model(8, 0), 1_000_000);
        link.enter(0, 1000, 0);
        link.depart(MILLI, (time, number) -> assertThat(time).isEqualTo(MILLI));
        link.enter(500 * MILLI, 1000, 1);
        link.enter(500 * MILLI, 1000, 2);
        assertThat(link.next()).isEqualTo(501 * MILLI);
        link.depart(600 * MILLI, (time, number) -> assertThat(time).isEqualTo((500 + number) * MILLI));
    }

    @Test
    void a_new_rate_and_latency_hold_for_what_has_not_begun() {
        LinkTiming<Integer> link = link(model(8, 0), 1_000_000);
        link.enter(0, 1000, 0);
        link.enter(0, 1000, 1);
        assertThat(link.next()).isEqualTo(MILLI);
        link.change(model(80, 5));
        List<Long> times = new ArrayList<>();
        link.depart(10 * MILLI, (time, number) -> times.add(time));
        assertThat(times).containsExactly(MILLI + 5 * MILLI, MILLI + MILLI / 10 + 5 * MILLI);
    }

    @Test
    void without_a_rate_there_is_only_the_way() {
        LinkTiming<Integer> link = link(LinkModel.IDEAL.latency(Duration.ofMillis(3)), 10);
        link.enter(7, 1_000_000, 0);
        assertThat(link.hasRoom()).isFalse();
        link.depart(7, (time, number) -> assertThat(time).isEqualTo(7 + 3 * MILLI));
        assertThat(link.hasRoom()).isTrue();
    }
}
