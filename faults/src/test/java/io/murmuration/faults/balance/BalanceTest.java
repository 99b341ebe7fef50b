package io.murmuration.faults.balance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.faults.balance.Pipeline.Placement;
import io.murmuration.faults.simulation.world.ChurnTrace;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.LongStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** How much of the best throughput is kept under churn. */
final class BalanceTest {

    private static final Duration LENGTH = Duration.ofHours(32);
    private static final Duration T300 = Duration.ofSeconds(300);
    private static final Duration T60 = Duration.ofSeconds(60);

    private static PreemptedPool pool(int dwindle) {
        return new PreemptedPool(6, 16, LENGTH, LENGTH.minusHours(dwindle));
    }

    private static BalanceTable.Row row(Placement placement, Optional<Duration> period, List<Long> rates, int dwindle) {
        List<BalanceTable.Case> cases = LongStream.rangeClosed(1, 3)
                .mapToObj(seed -> new BalanceTable.Case(pool(dwindle).draw(seed), LENGTH, seed))
                .toList();
        List<BalanceTable.Strategy> one = List.of(new BalanceTable.Strategy("one", placement, period));
        double threshold = RebalanceSettings.usual(T300).threshold();
        return BalanceTable.of(one, cases, 4, rates, Duration.ofSeconds(60), 0.1, threshold)
                .rows()
                .getFirst();
    }

    @Test
    void over_32_hours_of_preemptions_the_rebalanced_pipeline_keeps_19_20ths_of_the_best_and_the_other_one_does_not() {
        List<Long> equal = List.of(1L);
        for (Placement placement : Placement.values()) {
            BalanceTable.Row slow = row(placement, Optional.of(T300), equal, 0);
            assertThat(slow.least(Kept::share))
                    .as("T = 300 s, joiners " + placement)
                    .isGreaterThanOrEqualTo(0.95);
            assertThat(slow.least(Kept::lastHour)).isGreaterThan(0.9);
            assertThat(slow.mean(Kept::movesPerHour))
                    .as("at most 12 could move in an hour")
                    .isLessThan(6);
            assertThat(row(placement, Optional.of(T60), equal, 0).mean(Kept::share))
                    .isGreaterThan(slow.mean(Kept::share));
        }
        assertThat(row(Placement.RANDOM, Optional.empty(), equal, 0).mean(Kept::share))
                .isLessThan(0.9);
    }

    @Test
    void with_nodes_at_1_to_2_to_4_it_is_as_much() {
        List<Long> unequal = List.of(1L, 2L, 4L);
        assertThat(row(Placement.NEEDED, Optional.of(T300), unequal, 0).least(Kept::share))
                .isGreaterThanOrEqualTo(0.95);
        assertThat(row(Placement.RANDOM, Optional.empty(), unequal, 0).mean(Kept::share))
                .isLessThan(0.85);
    }

    @Test
    void where_lost_nodes_are_not_replaced_only_moving_helps() {
        List<Long> equal = List.of(1L);
        assertThat(row(Placement.NEEDED, Optional.of(T300), equal, 4).mean(Kept::lastHour))
                .isGreaterThan(0.95);
        assertThat(row(Placement.NEEDED, Optional.empty(), equal, 4).mean(Kept::lastHour))
                .isLessThan(0.93);
    }

    @Test
    void the_arithmetic_of_one_loss_and_one_move() {
        // Two stages of two; one goes after 100 s; at 300 s the rest is over, but nobody can move: 2 and 1.
        ChurnTrace loss = ChurnTrace.parse("t.csv", List.of("0,a,up", "0,b,up", "0,c,up", "0,d,up", "100,a,down"));
        Pipeline still = new Pipeline(2, List.of(10L), Duration.ofSeconds(50), 0, Placement.NEEDED, Optional.empty());
        Kept kept = TraceRun.run(still, loss, Duration.ofSeconds(1000), 1);
        assertThat(kept.share()).isCloseTo((100 * 20.0 + 900 * 10) / (100 * 20 + 900 * 10), within(1e-9));
        assertThat(kept.meanNodes()).isCloseTo(3.1, within(1e-9));

        // Four and one after two losses of a stage of three: one moves at 300 s and is there at 350 s; 3 and 3 are
        // best.
        ChurnTrace two = ChurnTrace.parse(
                "t.csv",
                List.of(
                        "0,a,up",
                        "0,b,up",
                        "0,c,up",
                        "0,d,up",
                        "0,e,up",
                        "0,f,up",
                        "0,g,up",
                        "0,h,up",
                        "0,a,down",
                        "0,c,down"));
        Pipeline moving = new Pipeline(
                2,
                List.of(10L),
                Duration.ofSeconds(50),
                0,
                Placement.NEEDED,
                Optional.of(new RebalanceSettings(T300, 1, 1, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO)));
        Kept mended = TraceRun.run(moving, two, Duration.ofSeconds(1000), 1);
        assertThat(mended.moves()).isEqualTo(1);
        assertThat(mended.share()).isCloseTo((350 * 20.0 + 650 * 30) / (1000 * 30), within(1e-9));
        assertThat(mended.lastHour()).isEqualTo(mended.share());
    }

    @Test
    void a_stage_that_nobody_serves_stops_the_pipeline_and_is_filled_first() {
        ChurnTrace trace = ChurnTrace.parse("t.csv", List.of("10,a,down", "15,b,down", "20,a,up", "40,b,up"));
        Pipeline pipeline = new Pipeline(2, List.of(1L), Duration.ofSeconds(5), 0, Placement.NEEDED, Optional.empty());
        Kept kept = TraceRun.run(pipeline, trace, Duration.ofSeconds(100), 1);
        assertThat(kept.empty()).isEqualTo(Duration.ofSeconds(35));
        assertThat(kept.share()).isCloseTo(65.0 / 70, within(1e-9));
    }

    @Property(tries = 100)
    void no_assignment_beats_the_bound(@ForAll long seed, @ForAll @IntRange(min = 2, max = 3) int stages) {
        SplittableRandom random = new SplittableRandom(seed);
        long[] rates = random.longs(random.nextInt(1, 8), 1, 9).toArray();
        long best = best(rates, 0, new long[stages]);
        assertThat(Optimum.bound(rates, stages)).isGreaterThanOrEqualTo(best);
        Arrays.fill(rates, 3);
        assertThat(Optimum.bound(rates, stages)).isEqualTo(3L * (rates.length / stages));
    }

    /** Tries every assignment. */
    private static long best(long[] rates, int next, long[] stages) {
        if (next == rates.length) {
            return Arrays.stream(stages).min().orElseThrow();
        }
        long best = 0;
        for (int stage = 0; stage < stages.length; stage++) {
            stages[stage] += rates[next];
            best = Math.max(best, best(rates, next + 1, stages));
            stages[stage] -= rates[next];
        }
        return best;
    }

    @Test
    void work_waits_where_the_pipeline_is_slow() {
        double[] queues = Queues.mean(new double[] {4, 2, 4}, 30);
        assertThat(queues[1]).isGreaterThan(27).isLessThan(29);
        assertThat(queues[0]).as("as at a single server of half the load").isCloseTo(1, within(0.01));
        assertThat(Arrays.stream(queues).sum()).isCloseTo(30, within(1e-9));
        assertThat(Queues.mean(new double[] {0, 3}, 8)).containsExactly(8, 0);
    }

    @Test
    void drawn_traces_are_like_those_of_spot_instances() {
        int preemptions = 0;
        int lost = 0;
        double nodeHours = 0;
        for (long seed = 1; seed <= 10; seed++) {
            ChurnTrace trace = pool(0).draw(seed);
            assertThat(trace).isEqualTo(pool(0).draw(seed));
            Map<String, Duration> last = new TreeMap<>();
            Duration before = Duration.ZERO;
            for (ChurnTrace.Entry entry : trace.entries()) {
                assertThat(entry.time()).isGreaterThanOrEqualTo(before).isLessThan(LENGTH);
                before = entry.time();
                if (!entry.up()) {
                    String zone = entry.node().substring(0, entry.node().indexOf('-'));
                    preemptions += entry.time().equals(last.put(zone, entry.time())) ? 0 : 1;
                    lost++;
                }
            }
            nodeHours += 32
                    * TraceRun.run(
                                    new Pipeline(4, List.of(1L), Duration.ZERO, 0, Placement.NEEDED, Optional.empty()),
                                    trace,
                                    LENGTH,
                                    1)
                            .meanNodes();
        }
        assertThat(preemptions / (10 * 6 * 32.0))
                .as("preemptions per zone and hour")
                .isBetween(1.1, 1.6);
        assertThat((double) lost / preemptions).as("instances at once").isBetween(1.5, 2.4);
        assertThat(lost / nodeHours).as("losses per instance and hour").isBetween(0.1, 0.43);
        assertThat(pool(0).draw(1)).isNotEqualTo(pool(0).draw(2));
    }

    @Test
    void what_cannot_be_is_refused() {
        assertThatThrownBy(() -> new PreemptedPool(0, 16, LENGTH, LENGTH)).hasMessageContaining("got 0 zones of 16");
        assertThatThrownBy(() -> new PreemptedPool(1, 16, LENGTH, LENGTH.plusHours(1)))
                .hasMessageContaining("got PT33H");
        assertThatThrownBy(() -> new Pipeline(2, List.of(1L, 0L), Duration.ZERO, 0, Placement.NEEDED, Optional.empty()))
                .hasMessage("rates: expected whole numbers from 1 to 1000000, got [1, 0]");
    }
}
