package io.murmuration.faults.simulation.world;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Role;
import io.murmuration.faults.simulation.NodePath;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What each way of cutting a link, and each death, does to what is on the way, waits, and is sent meanwhile. */
final class FaultsTest {

    private static final LinkModel FAR = LinkModel.IDEAL.latency(Duration.ofMillis(50));
    private static final List<Pair> BOTH = Network.between(List.of("a"), List.of("b"));
    private static final List<Pair> THERE = List.of(new Pair("a", "b"));
    private static final String B = "b:shard#1000000";

    private final TestWorld world = TestWorld.of(FAR, "a", "b");

    /** Offers a frame and sends a message with one number. */
    private void both(long millis, int number) {
        world.at(Duration.ofMillis(millis), () -> {
            world.offer("a", "b", number, 1000);
            world.send("a", "b", number);
        });
    }

    private void cut(long from, long until, List<Pair> pairs, Block block) {
        world.at(Duration.ofMillis(from), () -> {
            Healing healing = world.world.network().cut(pairs, block);
            world.at(Duration.ofMillis(until), healing::heal);
        });
    }

    @Test
    void what_a_dropping_link_holds_is_sent_again_when_the_transport_next_tries_after_healing() {
        both(480, 1);
        cut(500, 1500, BOTH, Block.DROP);
        both(600, 2);
        both(700, 3);
        world.runUntil(Duration.ofSeconds(20));

        // On the way at 500 ms: arrives; its answer is held from 530 ms. Tried again 300, 900 and 2,100 ms after that.
        assertThat(world.traffic("b"))
                .containsExactly(
                        "530 frame 1",
                        "530 message 1",
                        "2680 frame 2",
                        "2680 frame 3",
                        "2750 message 2",
                        "2750 message 3");
        assertThat(world.traffic("a")).containsExactly("2680 1 accepted", "2730 2 accepted", "2730 3 accepted");
    }

    @Test
    void a_dropping_link_that_is_not_healed_breaks_the_connection_after_its_time_out() {
        cut(0, 15_000, BOTH, Block.DROP);
        both(500, 1);
        both(16_000, 2);
        world.runUntil(Duration.ofSeconds(30));

        // The new connection takes a round trip to make.
        assertThat(world.traffic("a"))
                .containsExactly("10500 1 failed: nothing was heard of " + B + " for 10000 ms", "16200 2 accepted");
        assertThat(world.traffic("b")).containsExactly("16050 message 2", "16150 frame 2");
    }

    @Test
    void what_a_black_hole_swallowed_is_gone_and_its_connection_stays_silent_until_it_breaks() {
        cut(0, 1000, BOTH, Block.BLACK_HOLE);
        both(500, 1);
        both(2000, 2);
        both(11_000, 3);
        world.runUntil(Duration.ofSeconds(30));

        assertThat(world.traffic("a"))
                .containsExactly(
                        "10500 1 failed: nothing was heard of " + B + " for 10000 ms",
                        "10500 2 failed: nothing was heard of " + B + " for 10000 ms",
                        "11200 3 accepted");
        assertThat(world.traffic("b")).containsExactly("11050 message 3", "11150 frame 3");
    }

    @Test
    void a_rejecting_link_fails_everything_at_once_and_works_as_soon_as_it_is_healed() {
        both(480, 1);
        cut(500, 1500, BOTH, Block.REJECT);
        both(1000, 2);
        both(1501, 3);
        world.runUntil(Duration.ofSeconds(20));

        assertThat(world.traffic("a"))
                .containsExactly(
                        "500 1 failed: the connection to " + B + " was rejected",
                        "1000 2 failed: the connection to " + B + " was rejected",
                        "1701 3 accepted");
        assertThat(world.traffic("b")).containsExactly("1551 message 3", "1651 frame 3");
    }

    @Test
    void a_resetting_link_fails_what_is_open_at_once_and_what_is_new_after_a_round_trip() {
        both(480, 1);
        cut(500, 1500, THERE, Block.RESET);
        both(1000, 2);
        both(1501, 3);
        world.runUntil(Duration.ofSeconds(20));

        assertThat(world.traffic("a"))
                .containsExactly(
                        "500 1 failed: the connection to " + B + " was reset",
                        "1100 2 failed: the connection to " + B + " was reset",
                        "1701 3 accepted");
        assertThat(world.traffic("b")).containsExactly("1551 message 3", "1651 frame 3");
    }

    @Test
    void a_single_reset_fails_what_is_open_and_the_next_offer_connects_again() {
        both(480, 1);
        world.at(Duration.ofMillis(500), () -> world.world.network().reset(THERE));
        both(500, 2);
        world.runUntil(Duration.ofSeconds(20));

        assertThat(world.traffic("a"))
                .containsExactly("500 1 failed: the connection to " + B + " was reset", "700 2 accepted");
        assertThat(world.traffic("b")).containsExactly("550 message 2", "650 frame 2");
    }

    @Test
    void one_way_nothing_arrives_and_the_other_way_only_answers_are_missing() {
        cut(0, 60_000, THERE, Block.DROP);
        world.at(Duration.ofMillis(100), () -> {
            world.offer("a", "b", 1, 1000);
            world.send("a", "b", 1);
            world.offer("b", "a", 2, 1000);
            world.send("b", "a", 2);
        });
        world.runUntil(Duration.ofSeconds(9));
        assertThat(world.traffic("a")).containsExactly("150 frame 2", "150 message 2");
        assertThat(world.traffic("b")).isEmpty();

        world.runUntil(Duration.ofSeconds(20));
        assertThat(world.traffic("a").getLast())
                .isEqualTo("10100 1 failed: nothing was heard of " + B + " for 10000 ms");
        assertThat(world.traffic("b").getFirst())
                .isEqualTo("10150 2 failed: nothing was heard of a:coordinator#1000000 for 10000 ms");
    }

    @Test
    void a_frame_that_is_being_sent_when_the_link_is_cut_is_sent_again_in_full() {
        TestWorld slow = TestWorld.of(FAR.rate(Rate.megabits(100)), "a", "b");
        slow.offer("a", "b", 1, 10_000_000);
        slow.at(Duration.ofMillis(700), () -> {
            Healing healing = slow.world.network().cut(THERE, Block.DROP);
            slow.at(Duration.ofMillis(900), healing::heal);
        });
        slow.runUntil(Duration.ofSeconds(20));

        // Held from 700 ms, tried again at 1,000 ms, 800 ms of sending, 50 ms on the way.
        assertThat(slow.traffic("b")).containsExactly("1850 frame 1");
    }

    @Test
    void overlapping_cuts_end_one_by_one() {
        cut(0, 1000, BOTH, Block.REJECT);
        cut(0, 2000, BOTH, Block.REJECT);
        both(1500, 1);
        both(2500, 2);
        world.runUntil(Duration.ofSeconds(20));

        assertThat(world.traffic("b")).containsExactly("2550 frame 2", "2550 message 2");
    }

    @Test
    void a_process_that_dies_is_known_after_its_machine_says_so_and_a_machine_after_the_time_out() {
        for (Death death : Death.values()) {
            TestWorld dying = TestWorld.of(FAR, "a", "b");
            dying.answers[0] = false;
            dying.offer("a", "b", 1, 1000);
            dying.at(Duration.ofSeconds(1), () -> dying.world.machines().kill("b", death));
            dying.at(Duration.ofSeconds(2), () -> {
                dying.offer("a", "b", 2, 1000);
                dying.send("a", "b", 2);
            });
            dying.runUntil(Duration.ofSeconds(30));

            assertThat(dying.traffic("b")).containsExactly("50 frame 1", "1000 stopped");
            assertThat(dying.traffic("a"))
                    .isEqualTo(
                            death == Death.PROCESS
                                    ? List.of("1050 1 failed: b is gone", "2100 2 failed: " + B + " is not there")
                                    : List.of(
                                            "11000 1 failed: nothing was heard of " + B + " for 10000 ms",
                                            "11000 2 failed: nothing was heard of " + B + " for 10000 ms"));
        }
    }

    @Test
    void a_dead_sender_leaves_behind_what_is_on_the_way_and_nothing_else() {
        world.answers[0] = false;
        IntStream.range(0, 20).forEach(i -> world.offer("b", "a", i, 1000));
        world.at(Duration.ofMillis(20), () -> world.world.machines().kill("b", Death.PROCESS));
        world.runUntil(Duration.ofSeconds(20));

        assertThat(world.traffic("a")).hasSize(NetworkSettings.DEFAULT.unanswered());
        world.ports("b")
                .control()
                .send(new io.murmuration.actors.protocol.Envelope(
                        new Member(NodePath.peer("b", Role.SHARD), NodePath.incarnation(1)),
                        world.at("a"),
                        new io.murmuration.actors.protocol.CoordinatorMessage.Kept(1)));
        world.runUntil(Duration.ofSeconds(21));
        assertThat(world.traffic("a")).hasSize(NetworkSettings.DEFAULT.unanswered());
    }

    @Test
    void what_was_meant_for_an_earlier_life_does_not_reach_the_next() {
        var earlier = world.at("b");
        world.at(Duration.ofMillis(20), () -> world.send("a", "b", 1));
        world.at(Duration.ofMillis(30), () -> world.world.machines().restart("b"));
        world.at(Duration.ofMillis(200), () -> {
            world.ports("a")
                    .control()
                    .send(new io.murmuration.actors.protocol.Envelope(
                            world.at("a"), earlier, new io.murmuration.actors.protocol.CoordinatorMessage.Kept(2)));
            world.send("a", "b", 3);
        });
        world.runUntil(Duration.ofSeconds(1));

        assertThat(world.traffic("b")).containsExactly("30 stopped", "250 message 3");
    }

    @Test
    void a_frozen_receiver_gets_everything_in_order_when_it_goes_on_as_far_as_windows_reach() {
        NetworkSettings settings = NetworkSettings.DEFAULT;
        int many = settings.controlQueued() + 10;
        world.world.machines().pause("b", Duration.ofSeconds(30));
        for (int i = 0; i < many; i++) {
            world.send("a", "b", i);
        }
        IntStream.range(0, 100).forEach(i -> world.offer("a", "b", i, 1));
        world.runUntil(Duration.ofSeconds(29));
        assertThat(world.traffic("b")).isEmpty();
        assertThat(world.traffic("a")).hasSize(100 - settings.queued() - settings.unanswered());

        world.runUntil(Duration.ofSeconds(32));
        assertThat(world.traffic("b").stream().filter(line -> line.contains("message")))
                .containsExactlyElementsOf(IntStream.range(0, settings.controlQueued())
                        .mapToObj(i -> "30000 message " + i)
                        .toList());
        assertThat(world.traffic("b").stream().filter(line -> line.contains("frame")))
                .hasSize(settings.queued() + settings.unanswered());
    }

    @Test
    void a_frozen_sender_sends_nothing_new_and_goes_on_afterwards() {
        IntStream.range(0, 20).forEach(i -> world.offer("a", "b", i, 1000));
        world.at(Duration.ofMillis(20), () -> world.world.machines().pause("a", Duration.ofSeconds(5)));
        world.runUntil(Duration.ofSeconds(4));
        assertThat(world.traffic("b")).hasSize(NetworkSettings.DEFAULT.unanswered());

        world.runUntil(Duration.ofSeconds(6));
        assertThat(world.traffic("b")).hasSize(20);
        assertThat(world.traffic("a")).hasSize(20);
    }
}
