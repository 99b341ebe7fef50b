package io.murmuration.actors.rebalance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.protocol.Member;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

final class RebalancerTest {

    private static final long PERIOD = Duration.ofSeconds(300).toNanos();

    /** Nothing holds it back but what keeps it right. */
    private static final RebalanceSettings EAGER = settings(1, 1, 0, 0, 0);

    private static RebalanceSettings settings(
            int minimum, int confirmations, int restPeriods, int shardRestPeriods, int turnBackPeriods) {
        return new RebalanceSettings(
                Duration.ofNanos(PERIOD),
                1,
                minimum,
                confirmations,
                Duration.ofNanos(restPeriods * PERIOD),
                Duration.ofNanos(shardRestPeriods * PERIOD),
                Duration.ofNanos(turnBackPeriods * PERIOD));
    }

    private static Member shard(int number) {
        return Member.of("shard-%03d".formatted(number), 1);
    }

    /** Shards with a stage and a true rate each; what they publish may be something else. */
    private static final class Swarm {
        private final int stages;
        private final Map<Member, Integer> stage = new TreeMap<>();
        private final Map<Member, Double> rate = new TreeMap<>();
        private final Rebalancer rebalancer;
        private final List<Move> moves = new ArrayList<>();
        private long now;

        Swarm(int stages, RebalanceSettings settings) {
            this.stages = stages;
            this.rebalancer = new Rebalancer(stages, settings, 0);
        }

        Swarm with(int stage, double... rates) {
            for (double given : rates) {
                Member shard = shard(rate.size());
                this.stage.put(shard, stage);
                rate.put(shard, given);
            }
            return this;
        }

        /** Work waits where the pipeline is slow: the less a stage can do, the longer its queue. */
        List<ShardReport> reports() {
            double[] rates = rates();
            List<ShardReport> reports = new ArrayList<>();
            stage.forEach((shard, at) -> reports.add(ShardReport.serving(
                    shard, at, Math.round(1000 * rate.get(shard) / (rates[at] * rates[at])), rate.get(shard))));
            return reports;
        }

        double[] rates() {
            double[] rates = new double[stages];
            stage.forEach((shard, at) -> rates[at] += rate.get(shard));
            return rates;
        }

        double[] sorted() {
            double[] sorted = rates();
            Arrays.sort(sorted);
            return sorted;
        }

        int shards(int at) {
            return (int) stage.values().stream().filter(one -> one == at).count();
        }

        Optional<Move> period() {
            return period(reports());
        }

        Optional<Move> period(List<ShardReport> reports) {
            now += PERIOD;
            Optional<Move> move = rebalancer.look(now, reports);
            move.ifPresent(made -> {
                assertThat(stage).containsEntry(made.shard(), made.from());
                stage.put(made.shard(), made.to());
                moves.add(made);
            });
            return move;
        }

        /** Periods until one passes without a move. */
        int settle() {
            int moved = 0;
            while (period().isPresent()) {
                moved++;
                assertThat(moved).as("moves at constant rates").isLessThan(10_000);
            }
            return moved;
        }
    }

    @Provide
    static Arbitrary<Swarm> swarms() {
        Arbitrary<List<Integer>> sizes =
                Arbitraries.integers().between(1, 12).list().ofMinSize(2).ofMaxSize(6);
        Arbitrary<Boolean> equal = Arbitraries.of(true, false);
        return Combinators.combine(sizes, equal, Arbitraries.longs()).as((counts, same, seed) -> {
            SplittableRandom random = new SplittableRandom(seed);
            Swarm swarm = new Swarm(counts.size(), EAGER);
            for (int stage = 0; stage < counts.size(); stage++) {
                for (int i = 0; i < counts.get(stage); i++) {
                    swarm.with(stage, same ? 1 : random.nextDouble(0.2, 4));
                }
            }
            return swarm;
        });
    }

    @Property(tries = 200)
    void at_constant_rates_the_moves_end_and_each_makes_the_pipeline_better(@ForAll("swarms") Swarm swarm) {
        double[] before = swarm.sorted();
        int moves = 0;
        while (true) {
            double[] was = swarm.rates();
            Optional<Move> move = swarm.period();
            if (move.isEmpty()) {
                break;
            }
            double[] after = swarm.sorted();
            // Sorted, the rates of the stages rise lexicographically: this is what ends it.
            int first = 0;
            while (Math.abs(after[first] - before[first]) < 1e-9) {
                first++;
            }
            assertThat(after[first]).isGreaterThan(before[first]);
            double bottleneck = StageRates.bottleneck(was);
            long slowest =
                    Arrays.stream(was).filter(rate -> rate - bottleneck < 1e-9).count();
            if (was[move.get().to()] - bottleneck < 1e-9 && slowest == 1) {
                assertThat(after[0]).as("the rate of the pipeline").isGreaterThan(bottleneck);
            }
            for (int stage = 0; stage < swarm.stages; stage++) {
                assertThat(swarm.shards(stage)).isPositive();
            }
            before = after;
            assertThat(++moves).isLessThan(1000);
        }
    }

    @Property(tries = 100)
    void equal_shards_end_up_in_a_pipeline_as_fast_as_can_be(
            @ForAll @IntRange(min = 2, max = 6) int stages, @ForAll @IntRange(min = 0, max = 40) int more) {
        Swarm swarm = new Swarm(stages, EAGER);
        for (int stage = 0; stage < stages; stage++) {
            swarm.with(stage, 1);
        }
        for (int i = 0; i < more; i++) {
            swarm.with(0, 1);
        }
        swarm.settle();
        double[] sorted = swarm.sorted();
        assertThat(sorted[0]).isEqualTo(Math.floorDiv(stages + more, stages));
    }

    @Property(tries = 200)
    void whatever_is_reported_no_stage_falls_below_its_minimum_and_one_moves_in_a_period(
            @ForAll long seed,
            @ForAll @IntRange(min = 2, max = 5) int stages,
            @ForAll @IntRange(min = 1, max = 3) int minimum,
            @ForAll @IntRange(min = 1, max = 3) int confirmations) {
        SplittableRandom random = new SplittableRandom(seed);
        Swarm swarm = new Swarm(stages, settings(minimum, confirmations, 0, 2, 1));
        for (int i = 0; i < 20; i++) {
            swarm.with(random.nextInt(stages), 1);
        }
        Map<Member, Long> moved = new TreeMap<>();
        for (int period = 0; period < 60; period++) {
            List<ShardReport> reports = new ArrayList<>();
            swarm.stage.forEach((shard, at) -> reports.add(
                    new ShardReport(shard, at, random.nextInt(8) == 0, random.nextInt(50), random.nextInt(5) * 0.7)));
            int[] before = new int[stages];
            reports.forEach(report -> before[report.stage()] += report.arriving() ? 0 : 1);
            swarm.period(reports).ifPresent(move -> {
                assertThat(before[move.from()]).isGreaterThan(minimum);
                assertThat(reports).anyMatch(report -> report.shard().equals(move.shard()) && !report.arriving());
                Long last = moved.put(move.shard(), swarm.now);
                assertThat(last == null || swarm.now - last >= 2 * PERIOD)
                        .as("the shard's rest")
                        .isTrue();
            });
            assertThat(swarm.rebalancer.look(swarm.now + PERIOD - 1, swarm.reports()))
                    .as("a second one in the period")
                    .isEmpty();
        }
    }

    @Property(tries = 50)
    void the_same_reports_lead_to_the_same_moves_in_whatever_order_they_come(@ForAll long seed) {
        Swarm one = new Swarm(4, settings(1, 2, 0, 3, 2));
        Swarm other = new Swarm(4, settings(1, 2, 0, 3, 2));
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 24; i++) {
            int stage = random.nextInt(4);
            double rate = random.nextDouble(0.5, 3);
            one.with(stage, rate);
            other.with(stage, rate);
        }
        for (int period = 0; period < 30; period++) {
            one.period();
            other.period(other.reports().reversed());
        }
        assertThat(one.moves).isEqualTo(other.moves);
    }

    /** Two stages whose measured rates swing against each other: each is four times as fast as the other in turn. */
    private static int flapping(RebalanceSettings settings, int halfCycle, int periods) {
        Swarm swarm = new Swarm(2, settings);
        swarm.with(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1).with(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        for (int period = 0; period < periods; period++) {
            int fast = (period / halfCycle) % 2;
            List<ShardReport> reports = new ArrayList<>();
            swarm.stage.forEach(
                    (shard, at) -> reports.add(ShardReport.serving(shard, at, at == fast ? 1 : 4, at == fast ? 4 : 1)));
            swarm.period(reports);
        }
        return swarm.moves.size();
    }

    @Test
    void measurements_that_swing_from_period_to_period_move_nobody() {
        assertThat(flapping(EAGER, 1, 100)).as("without brakes").isGreaterThan(30);
        assertThat(flapping(settings(1, 2, 0, 0, 0), 1, 100)).isZero();
        assertThat(flapping(settings(1, 3, 0, 0, 0), 2, 100)).isZero();
    }

    @Property(tries = 50)
    void loads_that_swing_slowly_send_a_stages_shards_back_only_once_in_a_turn(
            @ForAll @IntRange(min = 1, max = 30) int halfCycle, @ForAll @IntRange(min = 1, max = 20) int turnBack) {
        int periods = 200;
        Swarm swarm = new Swarm(2, settings(1, 1, 0, 10, turnBack));
        swarm.with(0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1).with(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
        int turns = 0;
        for (int period = 0; period < periods; period++) {
            int fast = (period / halfCycle) % 2;
            List<ShardReport> reports = new ArrayList<>();
            swarm.stage.forEach(
                    (shard, at) -> reports.add(ShardReport.serving(shard, at, at == fast ? 1 : 4, at == fast ? 4 : 1)));
            int made = swarm.moves.size();
            if (swarm.period(reports).isPresent()
                    && made > 0
                    && swarm.moves.get(made - 1).from() != swarm.moves.get(made).from()) {
                turns++;
            }
        }
        assertThat(turns).isLessThanOrEqualTo(periods / turnBack);
        // A shard rests ten periods, so that each of the 20 moves at most once in that time.
        assertThat(swarm.moves.size()).isLessThanOrEqualTo(20 * (periods / 10));
    }

    @Test
    void the_idlest_replica_of_the_idlest_stage_goes_to_the_busiest_one_and_the_lowest_id_wins_a_tie() {
        Rebalancer rebalancer = new Rebalancer(3, EAGER, 0);
        List<ShardReport> reports = List.of(
                ShardReport.serving(shard(0), 0, 5, 1),
                ShardReport.serving(shard(1), 1, 3, 1),
                ShardReport.serving(shard(2), 1, 1, 1),
                ShardReport.serving(shard(3), 1, 1, 1),
                ShardReport.serving(shard(4), 2, 3, 1),
                ShardReport.serving(shard(5), 2, 3, 1));
        assertThat(rebalancer.look(PERIOD, reports)).contains(new Move(shard(2), 1, 0));
    }

    @Test
    void who_leaves_is_missed_at_once_although_needs_are_to_be_confirmed() {
        Swarm swarm = new Swarm(2, settings(1, 3, 0, 0, 0));
        swarm.with(0, 1, 1, 1, 1).with(1, 1, 1, 1, 1);
        for (int period = 0; period < 5; period++) {
            assertThat(swarm.period()).isEmpty();
        }
        for (int gone = 0; gone < 2; gone++) {
            swarm.stage.remove(shard(gone));
        }
        assertThat(swarm.period()).contains(new Move(shard(4), 1, 0));
    }

    @Test
    void who_is_on_its_way_counts_for_where_it_goes_and_is_not_sent_on() {
        Rebalancer rebalancer = new Rebalancer(2, EAGER, 0);
        List<ShardReport> reports = List.of(
                ShardReport.serving(shard(0), 0, 9, 1),
                ShardReport.arriving(shard(1), 0, 0),
                ShardReport.serving(shard(2), 1, 1, 1),
                ShardReport.serving(shard(3), 1, 1, 1),
                ShardReport.serving(shard(4), 1, 1, 1));
        assertThat(rebalancer.look(PERIOD, reports))
                .as("2 against 3 is as even as can be")
                .isEmpty();
    }

    @Test
    void above_the_threshold_nobody_moves() {
        RebalanceSettings petals = new RebalanceSettings(
                Duration.ofNanos(PERIOD), 0.75, 1, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO);
        Swarm four = new Swarm(2, petals);
        assertThat(four.with(0, 1, 1, 1, 1, 1, 1)
                        .with(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
                        .period())
                .as("6 of 8 is 0.75")
                .isEmpty();
        Swarm five = new Swarm(2, petals);
        assertThat(five.with(0, 1, 1, 1, 1, 1)
                        .with(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
                        .period())
                .as("5 of 7")
                .isPresent();
    }

    @Test
    void nothing_moves_while_no_rate_is_known_nor_before_the_first_period_and_rest_are_over() {
        Rebalancer rebalancer = new Rebalancer(2, settings(1, 1, 2, 0, 0), 0);
        List<ShardReport> unknown = List.of(
                ShardReport.serving(shard(0), 0, 9, 0),
                ShardReport.serving(shard(1), 1, 0, 0),
                ShardReport.serving(shard(2), 1, 0, 0),
                ShardReport.serving(shard(3), 1, 0, 0));
        List<ShardReport> known = unknown.stream()
                .map(one -> ShardReport.serving(one.shard(), one.stage(), one.queue(), 1))
                .toList();
        assertThat(rebalancer.look(PERIOD - 1, known)).isEmpty();
        assertThat(rebalancer.look(PERIOD, known)).as("the rest").isEmpty();
        assertThat(rebalancer.look(2 * PERIOD, known)).isPresent();
        Rebalancer blind = new Rebalancer(2, EAGER, 0);
        assertThat(blind.look(PERIOD, unknown)).isEmpty();
    }

    @Test
    void what_cannot_be_is_refused() {
        Rebalancer rebalancer = new Rebalancer(2, EAGER, 0);
        assertThatThrownBy(() -> rebalancer.look(PERIOD, List.of(ShardReport.serving(shard(0), 2, 0, 1))))
                .hasMessage("expected a stage below 2, got 2 from shard-000#1");
        assertThatThrownBy(() -> rebalancer.look(
                        2 * PERIOD,
                        List.of(
                                ShardReport.serving(Member.of("a", 1), 0, 0, 1),
                                ShardReport.serving(Member.of("a", 2), 1, 0, 1))))
                .hasMessage("expected one report of each peer, got two of a");
        assertThatThrownBy(() -> settings(0, 1, 0, 0, 0)).hasMessage("minimum replicas: expected at least 1, got 0");
        assertThatThrownBy(() -> ShardReport.serving(shard(0), 0, 0, Double.NaN))
                .hasMessageContaining("finite rate");
    }

    @Test
    void a_joiner_goes_where_a_loss_would_hurt_most_then_where_the_pipeline_is_slowest() {
        List<ShardReport> reports = new ArrayList<>(List.of(
                ShardReport.serving(shard(0), 0, 0, 8),
                ShardReport.serving(shard(1), 1, 0, 1),
                ShardReport.serving(shard(2), 1, 0, 1),
                ShardReport.serving(shard(3), 2, 0, 2),
                ShardReport.serving(shard(4), 2, 0, 2)));
        assertThat(JoinerPlacement.stage(3, 2, "late", reports)).isZero();
        assertThat(JoinerPlacement.stage(3, 1, "late", reports)).isEqualTo(1);
        reports.add(ShardReport.arriving(shard(5), 1, 0));
        assertThat(JoinerPlacement.stage(3, 1, "late", reports))
                .as("one is on its way, as fast as the others are in the mean")
                .isEqualTo(2);
    }

    @Test
    void while_no_rate_is_known_a_joiner_goes_to_the_stage_with_the_fewest_and_the_lowest_number() {
        List<ShardReport> reports = List.of(
                ShardReport.serving(shard(0), 0, 0, 0),
                ShardReport.serving(shard(1), 1, 0, 0),
                ShardReport.serving(shard(2), 0, 0, 0));
        assertThat(JoinerPlacement.stage(4, 1, "late", List.of())).isZero();
        assertThat(JoinerPlacement.stage(2, 1, "late", reports)).isEqualTo(1);
        assertThat(JoinerPlacement.stage(4, 1, "late", reports)).isEqualTo(2);
    }

    @Test
    void the_spread_of_equal_rates_is_the_best_there_is() {
        double[] equal = new double[11];
        Arrays.fill(equal, 0.5);
        assertThat(StageRates.spread(equal, 4)).isEqualTo(1.0);
        assertThat(StageRates.spread(new double[] {3, 3, 2, 2, 2}, 2)).isEqualTo(5);
        assertThat(StageRates.spread(new double[] {1}, 2)).isZero();
    }
}
