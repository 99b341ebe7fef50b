package io.murmuration.faults.simulation.world;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Role;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Who is told what of whom, and when, with the default delays and no gossip delay. */
final class SimulatedMembershipTest {

    private static final LinkModel LINK = LinkModel.IDEAL.latency(Duration.ofMillis(5));
    private static final MembershipSettings D = MembershipSettings.DEFAULT;
    private static final MembershipSettings AT_ONCE = new MembershipSettings(
            D.unreachableAfter(),
            D.refusedAfter(),
            D.seenAgainAfter(),
            D.stableAfter(),
            D.removalMargin(),
            D.joinDelay(),
            Duration.ZERO,
            D.crashedAfter(),
            D.handOver());
    private static final List<String> HUBS = List.of("h1", "h2", "h3");
    private static final List<String> SHARDS = List.of("s1", "s2", "s3");

    private final TestWorld world = world(AT_ONCE, SHARDS);

    private static TestWorld world(MembershipSettings settings, List<String> shards) {
        return new TestWorld(3, (from, to) -> LINK, new WorldSettings(NetworkSettings.DEFAULT, settings), HUBS, shards);
    }

    /** What {@code node} has noted from that second on. */
    private List<String> since(int seconds, String node) {
        return world.membership(node).stream()
                .filter(line -> Long.parseLong(line.substring(0, line.indexOf(' '))) >= seconds * 1000L)
                .toList();
    }

    private void atSecond(int second, Runnable what) {
        world.at(Duration.ofSeconds(second), what);
    }

    private void runUntil(int second) {
        world.runUntil(Duration.ofSeconds(second));
    }

    private void cut(int from, int until, List<Pair> pairs) {
        atSecond(from, () -> {
            Healing healing = world.world.network().cut(pairs, Block.DROP);
            atSecond(until, healing::heal);
        });
    }

    @Test
    void all_join_after_the_delay_and_the_oldest_coordinator_leads_after_the_hand_over() {
        runUntil(5);

        for (String node : Stream.concat(HUBS.stream(), SHARDS.stream()).toList()) {
            assertThat(world.membership(node))
                    .containsExactlyInAnyOrder(
                            "1000 Joined h1#1",
                            "1000 Joined h2#1",
                            "1000 Joined h3#1",
                            "1000 Joined s1#1",
                            "1000 Joined s2#1",
                            "1000 Joined s3#1",
                            "2000 Leads h1#1")
                    .endsWith("2000 Leads h1#1");
        }
    }

    @Test
    void a_silent_node_is_unreachable_then_removed_and_learns_so_when_it_is_heard_again() {
        atSecond(10, () -> world.world.machines().pause("s1", Duration.ofSeconds(45)));
        runUntil(70);

        assertThat(since(10, "h2"))
                .containsExactly("13000 Unreachable s1#1", "19000 Removed s1#1", "57000 Joined s1#2");
        assertThat(world.traffic("s1")).containsExactly("56000 stopped");
        assertThat(since(56, "s1")).hasSize(7).contains("57000 Joined s1#2", "57000 Leads h1#1");
    }

    @Test
    void a_short_pause_is_only_unreachable_and_a_shorter_one_nothing() {
        atSecond(10, () -> world.world.machines().pause("s1", Duration.ofSeconds(5)));
        atSecond(20, () -> world.world.machines().pause("s1", Duration.ofSeconds(2)));
        runUntil(40);

        assertThat(since(10, "s2")).containsExactly("13000 Unreachable s1#1", "16000 Reachable s1#1");
        assertThat(since(10, "s1")).isEmpty();
    }

    @Test
    void a_dead_process_is_seen_earlier_than_a_dead_machine() {
        atSecond(10, () -> world.world.machines().kill("s1", Death.PROCESS));
        atSecond(30, () -> world.world.machines().kill("s2", Death.HOST));
        runUntil(60);

        assertThat(since(10, "h1"))
                .containsExactly(
                        "11000 Unreachable s1#1", "17000 Removed s1#1", "33000 Unreachable s2#1", "39000 Removed s2#1");
        assertThat(world.world.membership().members()).containsExactly("h1", "h2", "h3", "s3");
    }

    @Test
    void a_new_life_removes_the_old_one_when_it_joins() {
        atSecond(10, () -> world.world.machines().restart("s1"));
        runUntil(40);

        // A refusal is noticed in the very moment in which the new life joins.
        assertThat(since(10, "s2"))
                .containsExactly("11000 Unreachable s1#1", "11000 Removed s1#1", "11000 Joined s1#2");
    }

    @Test
    void who_leaves_is_removed_at_once() {
        atSecond(10, () -> {
            world.world.membership().leave("s1");
            world.world.machines().kill("s1", Death.PROCESS);
        });
        runUntil(40);

        assertThat(since(10, "h1")).containsExactly("10000 Removed s1#1");
        assertThat(world.world.machines().up("s1")).isFalse();
    }

    @Test
    void a_member_that_restarts_within_a_life_is_another_one() {
        atSecond(10, () -> {
            var port = world.ports("s1").membership();
            var first = world.at("s1");
            port.leave(first, "failed");
            port.join(new io.murmuration.actors.protocol.Member(first.peer(), first.incarnation() + 1), Role.SHARD);
        });
        runUntil(12);

        assertThat(since(10, "h1")).containsExactly("10000 Removed s1#1", "10000 Joined s1#1");
        assertThat(world.world.machines().life("s1")).isEqualTo(1);
    }

    @Test
    void the_side_with_the_quorum_removes_the_others_and_the_other_side_removes_nobody() {
        cut(10, 40, Network.between(List.of("h1", "s1"), List.of("h2", "h3", "s2", "s3")));
        runUntil(39);

        assertThat(since(10, "h2"))
                .containsExactlyInAnyOrder(
                        "13000 Unreachable h1#1",
                        "13000 Unreachable s1#1",
                        "19000 Removed h1#1",
                        "19000 Removed s1#1",
                        "20000 Leads h2#1");
        assertThat(since(10, "s1"))
                .containsExactlyInAnyOrder(
                        "13000 Unreachable h2#1",
                        "13000 Unreachable h3#1",
                        "13000 Unreachable s2#1",
                        "13000 Unreachable s3#1");
        assertThat(since(10, "h1")).noneMatch(line -> line.contains("Removed") || line.contains("Leads"));

        runUntil(60);
        // Heard again: told after a second, started anew, members a second later; the leader stays.
        assertThat(since(40, "h3")).containsExactlyInAnyOrder("42000 Joined h1#2", "42000 Joined s1#2");
        assertThat(since(40, "h1")).contains("42000 Leads h2#1").doesNotContain("42000 Leads h1#2");
        assertThat(world.world.membership().leader()).contains(world.at("h2"));
    }

    @Test
    void without_a_quorum_nobody_is_removed_and_when_it_is_back_all_is_as_before() {
        atSecond(10, () -> world.world.machines().pause("h2", Duration.ofSeconds(30)));
        atSecond(10, () -> world.world.machines().pause("h3", Duration.ofSeconds(30)));
        runUntil(60);

        assertThat(since(10, "s1"))
                .containsExactlyInAnyOrder(
                        "13000 Unreachable h2#1",
                        "13000 Unreachable h3#1",
                        "41000 Reachable h2#1",
                        "41000 Reachable h3#1");
    }

    @Test
    void the_next_oldest_leads_when_the_leader_is_removed_and_the_old_one_is_the_youngest_then() {
        atSecond(10, () -> world.world.machines().kill("h1", Death.PROCESS));
        atSecond(30, () -> world.world.machines().start("h1"));
        atSecond(40, () -> world.world.machines().kill("h2", Death.PROCESS));
        runUntil(60);

        assertThat(since(10, "s1").stream().filter(line -> line.contains("Leads")))
                .containsExactly("18000 Leads h2#1", "48000 Leads h3#1");
    }

    @Test
    void one_way_counts_as_unreachable_for_both() {
        cut(10, 14, List.of(new Pair("s1", "s2")));
        runUntil(30);

        assertThat(since(10, "s1")).containsExactly("13000 Unreachable s2#1", "15000 Reachable s2#1");
        assertThat(since(10, "s2")).containsExactly("13000 Unreachable s1#1", "15000 Reachable s1#1");
        assertThat(since(10, "s3")).isEmpty();
    }

    @Test
    void of_two_that_cannot_hear_each_other_the_younger_goes_and_no_coordinator_for_a_worker() {
        cut(10, 60, List.of(new Pair("s1", "s2"), new Pair("s3", "h1")));
        runUntil(25);

        assertThat(since(10, "h3")).containsExactlyInAnyOrder("19000 Removed s2#1", "19000 Removed s3#1");
    }

    @Test
    void who_was_cut_off_for_a_moment_learns_what_happened_meanwhile() {
        cut(10, 15, Network.between(List.of("s1"), List.of("h1", "h2", "h3", "s2", "s3")));
        atSecond(11, () -> world.add("s4", Role.SHARD));
        atSecond(11, () -> world.world.membership().leave("s3"));
        runUntil(18);

        assertThat(since(10, "s1"))
                .contains("15000 Joined s4#1", "15000 Removed s3#1", "16000 Reachable h1#1")
                .doesNotContain("16000 Reachable s3#1");
        assertThat(since(10, "h2")).contains("13000 Unreachable s1#1", "16000 Reachable s1#1");
    }

    @Test
    void news_takes_up_to_the_gossip_delay_and_one_seed_has_one_history() {
        TestWorld one = gossiping();
        List<Long> joined = Stream.concat(HUBS.stream(), SHARDS.stream())
                .flatMap(node -> one.membership(node).stream())
                .filter(line -> line.contains("Joined s2#1"))
                .map(line -> Long.parseLong(line.substring(0, line.indexOf(' '))))
                .toList();

        assertThat(joined).hasSize(6).allMatch(time -> time >= 1000 && time <= 1200);
        assertThat(joined.stream().distinct().count()).isGreaterThan(1);
        assertThat(gossiping().loop.historyHash()).isEqualTo(one.loop.historyHash());
    }

    private static TestWorld gossiping() {
        TestWorld world = world(D, SHARDS);
        world.at(Duration.ofSeconds(5), () -> world.world.machines().kill("s1", Death.HOST));
        world.runUntil(Duration.ofSeconds(30));
        return world;
    }

    /** 200 nodes that come and go: a change costs some millions of simple operations and no more events than nodes. */
    @Test
    void two_hundred_nodes_with_churn_cost_events_by_change_and_not_by_time() {
        List<String> many = IntStream.range(0, 197).mapToObj(i -> "w" + i).toList();
        TestWorld large = world(D, many);
        large.runUntil(Duration.ofSeconds(10));
        long quiet = large.loop.ran();
        large.runUntil(Duration.ofHours(1));
        assertThat(large.loop.ran()).isEqualTo(quiet);

        for (int i = 0; i < 20; i++) {
            String node = many.get(7 * i);
            large.at(
                    Duration.ofSeconds(3700 + 10L * i),
                    () -> large.world.machines().restart(node));
        }
        large.runUntil(Duration.ofSeconds(4000));

        Predicate<String> churn = line -> line.contains("#2");
        assertThat(large.membership("h1").stream().filter(churn)).hasSize(20);
        assertThat(large.loop.ran() - quiet).isLessThan(20L * 6 * 200);
    }
}
