package io.murmuration.actors.rebalance;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.PeerId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** Several shards on one node, which one death takes. */
final class HomesTest {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private static final RebalanceSettings EAGER =
            new RebalanceSettings(PERIOD, 1, 1, 1, Duration.ZERO, Duration.ZERO, Duration.ZERO);

    private static ShardReport at(int stage, String peer, double rate) {
        return ShardReport.serving(Member.of(peer, 1), stage, 0, rate);
    }

    @Example
    void a_home_is_what_stands_before_the_last_colon_and_who_has_none_is_alone() {
        assertThat(new PeerId("eu-3:shard-2").home()).isEqualTo("eu-3");
        assertThat(new PeerId("eu-3:shard-2").local()).isEqualTo("shard-2");
        assertThat(new PeerId("a:b:shard").home()).isEqualTo("a:b");
        assertThat(new PeerId("shard-1").home()).isEqualTo("shard-1");
        assertThat(new PeerId("shard-1").local()).isEqualTo("shard-1");
        assertThat(new PeerId(":shard").home()).isEqualTo(":shard");
    }

    @Example
    void a_joiner_goes_where_none_of_its_node_is_if_that_costs_one_shard_and_not_if_it_costs_two() {
        List<ShardReport> reports =
                new ArrayList<>(List.of(at(0, "a:shard", 1), at(1, "b:shard", 1.1), at(1, "c:shard", 0.9)));
        assertThat(JoinerPlacement.stage(2, 1, "a", reports)).isEqualTo(1);
        assertThat(JoinerPlacement.stage(2, 1, "d", reports)).isZero();
        reports.add(at(1, "d:shard", 1));
        assertThat(JoinerPlacement.stage(2, 1, "a", reports)).isZero();
    }

    @Example
    void a_stage_with_too_few_replicas_gets_a_joiner_of_any_node() {
        List<ShardReport> reports = List.of(at(0, "a:shard", 1), at(1, "b:shard", 1), at(1, "c:shard", 1));
        assertThat(JoinerPlacement.stage(2, 2, "a", reports)).isZero();
        assertThat(JoinerPlacement.stage(3, 1, "a", reports)).isEqualTo(2);
    }

    /** All come by themselves, in any order: nodes with no more shards than stages, and rates that nobody knows yet. */
    @Property(tries = 500)
    void joiners_leave_no_stage_empty_and_avoid_their_own_where_that_costs_a_shard_and_not_where_it_costs_more(
            @ForAll @IntRange(min = 1, max = 5) int stages,
            @ForAll @IntRange(min = 1, max = 8) int nodes,
            @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Member> all = new ArrayList<>();
        for (int node = 0; node < nodes; node++) {
            int shards = random.nextInt(1, stages + 1);
            for (int shard = 0; shard < shards; shard++) {
                all.add(Member.of("n" + node + ":shard-" + shard, 1));
            }
        }
        List<ShardReport> reports = new ArrayList<>();
        int[] counts = new int[stages];
        while (!all.isEmpty()) {
            Member joiner = all.remove(random.nextInt(all.size()));
            String home = joiner.peer().home();
            int chosen = JoinerPlacement.stage(stages, 1, home, reports);
            assertThat(JoinerPlacement.stage(stages, 1, home, reports)).isEqualTo(chosen);
            boolean sibling = siblings(reports, home, chosen) > 0;
            for (int stage = 0; stage < stages; stage++) {
                boolean better = siblings(reports, home, stage) == 0 && counts[stage] <= counts[chosen] + 1;
                assertThat(2 * (counts[chosen] - counts[stage]))
                        .as("%s goes to stage %d of %s, not to %d", joiner, chosen, reports, stage)
                        .isLessThanOrEqualTo(3 * (int) siblings(reports, home, stage));
                assertThat(sibling && better)
                        .as("%s goes to stage %d of %s, not to %d", joiner, chosen, reports, stage)
                        .isFalse();
            }
            reports.add(ShardReport.serving(joiner, chosen, 0, 0));
            counts[chosen]++;
        }
        assertThat(Arrays.stream(counts).filter(count -> count == 0).count())
                .isEqualTo(Math.max(0, stages - reports.size()));
    }

    private static long siblings(List<ShardReport> reports, String home, int stage) {
        return reports.stream()
                .filter(report ->
                        report.stage() == stage && report.shard().peer().home().equals(home))
                .count();
    }

    @Example
    void who_moves_does_not_go_to_a_stage_that_has_another_shard_of_its_node() {
        Rebalancer rebalancer = new Rebalancer(2, EAGER, 0);
        List<ShardReport> reports = List.of(
                at(0, "a:shard", 1),
                at(0, "b:shard", 1),
                at(0, "c:shard", 1),
                at(0, "d:shard", 1),
                at(1, "a:shard-2", 1));
        assertThat(rebalancer.look(PERIOD.toNanos(), reports))
                .hasValueSatisfying(move -> assertThat(move.shard()).isEqualTo(Member.of("b:shard", 1)));
    }

    @Example
    void of_two_of_a_node_in_one_stage_one_moves_first() {
        Rebalancer rebalancer = new Rebalancer(2, EAGER, 0);
        List<ShardReport> reports = List.of(
                at(0, "a:shard", 1),
                at(0, "b:shard", 1),
                at(0, "b:shard-2", 1),
                at(0, "c:shard", 1),
                at(1, "d:shard", 1));
        assertThat(rebalancer.look(PERIOD.toNanos(), reports))
                .hasValueSatisfying(move -> assertThat(move.shard()).isEqualTo(Member.of("b:shard", 1)));
    }

    @Example
    void where_nothing_else_helps_it_moves_all_the_same() {
        Rebalancer rebalancer = new Rebalancer(2, EAGER, 0);
        List<ShardReport> reports =
                List.of(at(0, "a:shard", 1), at(0, "a:shard-2", 1), at(0, "a:shard-3", 1), at(1, "a:shard-4", 1));
        assertThat(rebalancer.look(PERIOD.toNanos(), reports))
                .hasValueSatisfying(move -> assertThat(move.shard()).isEqualTo(Member.of("a:shard", 1)));
    }
}
