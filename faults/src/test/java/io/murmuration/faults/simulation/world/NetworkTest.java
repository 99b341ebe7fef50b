package io.murmuration.faults.simulation.world;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Refusal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What links, windows and shared rates make of messages, beside closed forms. */
final class NetworkTest {

    private static final LinkModel FAR = LinkModel.IDEAL.latency(Duration.ofMillis(50));
    private static final LinkModel SLOW = FAR.rate(Rate.megabits(100));
    private static final long TEN_MEGABYTES = 10_000_000;

    @Test
    void ten_megabytes_over_100_megabits_and_50_ms_take_850_ms_and_the_answer_50_more() {
        TestWorld world = TestWorld.of(SLOW, "a", "b");
        world.offer("a", "b", 1, TEN_MEGABYTES);
        world.runUntil(Duration.ofSeconds(5));

        assertThat(world.traffic("b")).containsExactly("850 frame 1");
        assertThat(world.traffic("a")).containsExactly("900 1 accepted");
        assertThat(world.world.network().counts()).anySatisfy(count -> assertThat(count)
                .isEqualTo(new LinkCount("a", "b", TrafficClass.BACKWARD, 1, TEN_MEGABYTES, 0, 0, 0, 0)));
    }

    @Test
    void frames_of_one_connection_follow_each_other_and_connections_share_the_rate() {
        TestWorld one = TestWorld.of(SLOW, "a", "b");
        one.offer("a", "b", 1, TEN_MEGABYTES);
        one.offer("a", "b", 2, TEN_MEGABYTES);
        one.runUntil(Duration.ofSeconds(5));
        assertThat(one.traffic("b")).containsExactly("850 frame 1", "1650 frame 2");

        TestWorld two = TestWorld.of(SLOW, "a", "b");
        two.offer("a", "b", DataFrame.Traffic.BACKWARD, 1, TEN_MEGABYTES);
        two.offer("a", "b", DataFrame.Traffic.BULK, 2, TEN_MEGABYTES / 2);
        two.runUntil(Duration.ofSeconds(5));
        // Half each until the smaller is out at 800 ms; the larger has half of it left, 400 ms alone.
        assertThat(two.traffic("b")).containsExactly("850 frame 2", "1250 frame 1");
    }

    @Test
    void an_uplink_is_shared_by_all_receivers_and_a_downlink_by_all_senders() {
        TestWorld up = TestWorld.of(FAR, "a", "b", "c");
        up.world.network().uplink("a", Rate.megabits(100));
        up.offer("a", "b", 1, TEN_MEGABYTES);
        up.offer("a", "c", 2, TEN_MEGABYTES);
        up.runUntil(Duration.ofSeconds(5));
        assertThat(up.traffic("b")).containsExactly("1650 frame 1");
        assertThat(up.traffic("c")).containsExactly("1650 frame 2");

        TestWorld down = TestWorld.of(FAR, "a", "b", "c");
        down.world.network().downlink("a", Rate.megabits(100));
        down.offer("b", "a", 1, TEN_MEGABYTES);
        down.offer("c", "a", 2, TEN_MEGABYTES);
        down.runUntil(Duration.ofSeconds(5));
        assertThat(down.traffic("a")).containsExactlyInAnyOrder("1650 frame 1", "1650 frame 2");
    }

    @Test
    void a_rate_that_changes_applies_to_what_is_being_sent() {
        TestWorld world = TestWorld.of(SLOW, "a", "b");
        world.offer("a", "b", 1, TEN_MEGABYTES);
        world.at(Duration.ofMillis(400), () -> {
            Healing healing =
                    world.world.network().change(List.of(new Pair("a", "b")), link -> link.rate(Rate.megabits(50)));
            world.at(Duration.ofMillis(800), healing::heal);
        });
        world.runUntil(Duration.ofSeconds(5));

        // 40 Mbit in 400 ms, 20 Mbit in the next 400 ms, the last 20 Mbit in 200 ms.
        assertThat(world.traffic("b")).containsExactly("1050 frame 1");
    }

    @Test
    void a_control_message_does_not_wait_behind_a_large_frame() {
        TestWorld world = TestWorld.of(SLOW, "a", "b");
        world.offer("a", "b", DataFrame.Traffic.BULK, 1, TEN_MEGABYTES);
        world.at(Duration.ofMillis(100), () -> world.send("a", "b", 7));
        world.runUntil(Duration.ofSeconds(5));

        assertThat(world.traffic("b")).containsExactly("150 message 7", "850 frame 1");
        assertThat(world.world.network().controlSent()).containsEntry("a", 1L).doesNotContainKey("b");
    }

    @Test
    void a_full_queue_refuses_and_a_window_that_nobody_answers_fills() {
        TestWorld world = TestWorld.of(FAR, "a", "b");
        world.answers[0] = false;
        NetworkSettings settings = NetworkSettings.DEFAULT;
        int fit = settings.unanswered() + settings.queued();
        IntStream.rangeClosed(1, fit + 1).forEach(i -> world.offer("a", "b", i, 1));
        world.runUntil(Duration.ofMillis(500));

        assertThat(world.traffic("b")).hasSize(settings.unanswered());
        assertThat(world.traffic("a")).containsExactly("0 " + (fit + 1) + " refused " + Refusal.Reason.NO_CREDIT);

        world.answers[0] = true;
        world.unanswered.forEach(delivery -> delivery.refuse(Refusal.of(Refusal.Reason.NOT_OPEN, "test")));
        world.runUntil(Duration.ofSeconds(5));
        assertThat(world.traffic("b"))
                .extracting(line -> line.substring(line.indexOf(' ')))
                .containsExactlyElementsOf(IntStream.rangeClosed(1, fit)
                        .mapToObj(i -> " frame " + i)
                        .toList());
        assertThat(world.traffic("a")).hasSize(fit + 1);
        assertThat(world.traffic("a").stream().filter(line -> line.endsWith("refused NOT_OPEN")))
                .hasSize(settings.unanswered());
    }

    @Test
    void who_is_not_there_is_known_after_a_round_trip_and_who_leaves_lets_offers_fail() {
        TestWorld world = TestWorld.of(FAR, "a", "b");
        world.answers[0] = false;
        world.offer("a", "b", 1, 1);
        world.at(Duration.ofMillis(200), () -> world.ports("b").data().detach(world.at("b")));
        world.at(Duration.ofMillis(300), () -> world.offer("a", "b", 2, 1));
        world.runUntil(Duration.ofSeconds(5));

        assertThat(world.traffic("a"))
                .containsExactly("250 1 failed: b:shard#1000000 is gone", "400 2 failed: b:shard#1000000 is not there");
    }

    @Test
    void actors_of_one_node_talk_without_a_link_and_nothing_happens_at_once() {
        TestWorld world = TestWorld.of(SLOW, "a", "b");
        world.offer("a", "a", 1, TEN_MEGABYTES);
        world.send("a", "a", 2);
        assertThat(world.traffic("a")).isEmpty();
        world.runUntil(Duration.ofMillis(1));

        assertThat(world.traffic("a")).containsExactly("0 frame 1", "0 message 2", "0 1 accepted");
        assertThat(world.world.network().counts()).isEmpty();
    }

    @Test
    void jitter_and_loss_change_times_and_never_the_order() {
        LinkModel wild = FAR.jitter(new Jitter.Uniform(Duration.ofMillis(40)))
                .loss(new Loss.GilbertElliott(0.05, 0.3, 0, 0.5))
                .rate(Rate.megabits(100));
        TestWorld world = TestWorld.of(wild, "a", "b");
        for (int i = 0; i < 200; i++) {
            int number = i;
            world.at(Duration.ofMillis(30L * i), () -> {
                world.offer("a", "b", number, 1000);
                world.send("a", "b", number);
            });
        }
        world.runUntil(Duration.ofSeconds(60));

        for (String kind : List.of("frame", "message")) {
            assertThat(numbers(world, kind))
                    .isEqualTo(IntStream.range(0, 200).boxed().toList());
        }
        assertThat(world.world.network().counts())
                .anySatisfy(count -> assertThat(count.retransmitted()).isPositive());
    }

    @Test
    void with_reordering_some_are_overtaken_and_none_is_lost() {
        TestWorld world = TestWorld.of(FAR.reorder(0.3), "a", "b");
        for (int i = 0; i < 100; i++) {
            int number = i;
            world.at(Duration.ofMillis(5L * i), () -> {
                world.offer("a", "b", number, 1000);
                world.send("a", "b", number);
            });
        }
        world.runUntil(Duration.ofSeconds(60));

        for (String kind : List.of("frame", "message")) {
            List<Integer> got = numbers(world, kind);
            assertThat(got).isNotEqualTo(IntStream.range(0, 100).boxed().toList());
            assertThat(got.stream().sorted())
                    .isEqualTo(IntStream.range(0, 100).boxed().toList());
        }
    }

    @Test
    void what_is_duplicated_arrives_twice_and_is_answered_once() {
        TestWorld world = TestWorld.of(FAR.duplicate(1), "a", "b");
        world.offer("a", "b", 1, 1000);
        world.send("a", "b", 2);
        world.runUntil(Duration.ofSeconds(5));

        assertThat(numbers(world, "frame")).containsExactly(1, 1);
        assertThat(numbers(world, "message")).containsExactly(2, 2);
        assertThat(world.traffic("a")).containsExactly("100 1 accepted");
    }

    @Test
    void a_damaged_message_is_lost_and_a_damaged_frame_costs_the_connection() {
        TestWorld world = TestWorld.of(FAR.corrupt(1), "a", "b");
        world.offer("a", "b", 1, 1000);
        world.offer("a", "b", 2, 1000);
        world.send("a", "b", 3);
        world.runUntil(Duration.ofSeconds(5));

        assertThat(world.traffic("b")).isEmpty();
        assertThat(world.traffic("a"))
                .containsExactly(
                        "100 1 failed: a frame to b:shard#1000000 arrived damaged",
                        "100 2 failed: a frame to b:shard#1000000 arrived damaged");
        assertThat(world.world.network().counts().stream()
                        .filter(count -> count.from().equals("a")))
                .extracting(LinkCount::corrupted)
                .containsExactly(1L, 2L);
    }

    @Test
    void one_seed_has_one_history_and_another_seed_another() {
        assertThat(historyOf(1, "a", "b")).isEqualTo(historyOf(1, "a", "b")).isNotEqualTo(historyOf(2, "a", "b"));
    }

    @Test
    void another_link_in_use_changes_nothing_on_the_first() {
        List<String> alone = wild(1, "a", "b").traffic("b");
        List<String> beside = wild(1, "a", "b", "a", "c", "c", "b").traffic("b").stream()
                .filter(line -> !line.endsWith("000"))
                .toList();

        assertThat(beside).isEqualTo(alone);
    }

    private static String historyOf(long seed, String... pairs) {
        return wild(seed, pairs).loop.historyHash();
    }

    /** Frames and messages between pairs over bad links; those between others than the first pair have round numbers. */
    private static TestWorld wild(long seed, String... pairs) {
        LinkModel model = FAR.jitter(new Jitter.Normal(Duration.ofMillis(10)))
                .loss(new Loss.Independent(0.05))
                .duplicate(0.1)
                .reorder(0.1);
        TestWorld world =
                new TestWorld(seed, (from, to) -> model, WorldSettings.DEFAULT, List.of("a"), List.of("b", "c"));
        for (int pair = 0; pair < pairs.length; pair += 2) {
            String from = pairs[pair];
            String to = pairs[pair + 1];
            int factor = pair == 0 ? 1 : 1000;
            for (int i = 1; i < 100; i++) {
                int number = i * factor;
                world.at(Duration.ofMillis(7L * i), () -> {
                    world.offer(from, to, number, 1000);
                    world.send(from, to, number);
                });
            }
        }
        world.runUntil(Duration.ofSeconds(30));
        return world;
    }

    private static List<Integer> numbers(TestWorld world, String kind) {
        List<Integer> numbers = new ArrayList<>();
        Stream.of(world.traffic("b").toArray(String[]::new))
                .filter(line -> line.contains(" " + kind + " "))
                .forEach(line -> numbers.add(Integer.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
        return numbers;
    }
}
