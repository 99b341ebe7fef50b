package io.murmuration.faults.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class TargetChoiceTest {

    private static final NodeGroup EU = group("eu", "europe", NodeRole.SHARD);
    private static final NodeGroup HUB = group("hub", "europe", NodeRole.COORDINATOR);

    private static NodeGroup group(String name, String region, NodeRole role) {
        return new NodeGroup(
                name,
                8,
                region,
                List.of(role),
                1,
                1,
                1e11,
                OptionalLong.empty(),
                OptionalLong.empty(),
                0,
                NodeGroup.Starts.NOW,
                new Place("x.conf:1"));
    }

    /** Eight of each group; those named are down; eu-N holds stage N % 2; hub-2 leads, eu-3 sends to eu-4. */
    private static SwarmView view(String... down) {
        List<SwarmView.Node> nodes = new ArrayList<>();
        for (NodeGroup group : List.of(EU, HUB)) {
            IntStream.rangeClosed(1, 8)
                    .mapToObj(group::node)
                    .forEach(name -> nodes.add(
                            new SwarmView.Node(name, group, !List.of(down).contains(name))));
        }
        return new SwarmView() {
            @Override
            public List<Node> nodes() {
                return nodes;
            }

            @Override
            public OptionalInt stage(String node) {
                return EU.number(node).map(number -> OptionalInt.of(number % 2)).orElse(OptionalInt.empty());
            }

            @Override
            public Optional<String> leader() {
                return Optional.of("hub-2");
            }

            @Override
            public List<String> donors() {
                return List.of("eu-3");
            }

            @Override
            public List<String> joiners() {
                return List.of("eu-4");
            }
        };
    }

    private static List<String> all(Target.Filter... filters) {
        return TargetChoice.choose(new Target(List.of(filters), OptionalInt.empty()), 1, 0, 0, view("eu-7"));
    }

    private static List<String> drawn(long seed, int event, long occurrence, int count, String... down) {
        Target target = new Target(List.of(new Target.OfGroup("eu")), OptionalInt.of(count));
        return TargetChoice.choose(target, seed, event, occurrence, view(down));
    }

    @Test
    void filters_are_all_asked_and_the_dead_are_nobody() {
        assertThat(all(new Target.OfStage(1))).containsExactly("eu-1", "eu-3", "eu-5");
        assertThat(all(new Target.OfStage(1), new Target.Named(List.of("eu-2", "eu-3"))))
                .containsExactly("eu-3");
        assertThat(all(Target.Moment.COORDINATOR_LEADER)).containsExactly("hub-2");
        assertThat(all(Target.Moment.DONOR)).containsExactly("eu-3");
        assertThat(all(Target.Moment.JOINER)).containsExactly("eu-4");
        assertThat(all(Target.Moment.ALL)).hasSize(15);
        assertThat(all(new Target.InRegion("europe"), new Target.WithRole(NodeRole.COORDINATOR)))
                .hasSize(8);
    }

    @Test
    void a_side_of_a_cut_has_the_dead_too() {
        Side side = new Side(List.of(new Target.OfGroup("eu"), new Target.Named(List.of("hub-1"))));
        assertThat(TargetChoice.side(side, view("eu-7"))).hasSize(9).contains("eu-7", "hub-1");
    }

    @Property
    void the_seed_decides_and_draws_as_many_as_asked(@ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int count) {
        assertThat(drawn(seed, 3, 5, count))
                .hasSize(count)
                .doesNotHaveDuplicates()
                .isEqualTo(drawn(seed, 3, 5, count));
    }

    @Property
    void who_is_down_changes_only_its_own_place(
            @ForAll long seed,
            @ForAll @IntRange(min = 1, max = 7) int count,
            @ForAll @IntRange(min = 1, max = 8) int down) {
        List<String> before = drawn(seed, 0, 0, count);
        List<String> after = drawn(seed, 0, 0, count, EU.node(down));
        List<String> stayed = new ArrayList<>(before);
        stayed.remove(EU.node(down));
        assertThat(after).hasSize(count).doesNotContain(EU.node(down)).containsAll(stayed);
    }

    @Test
    void every_node_is_drawn_about_equally_often_and_events_are_drawn_apart() {
        TreeMap<String, Integer> counts = new TreeMap<>();
        for (int occurrence = 0; occurrence < 800; occurrence++) {
            drawn(1, 0, occurrence, 1).forEach(node -> counts.merge(node, 1, Integer::sum));
        }
        // 100 expected of each; the standard deviation is 9.4.
        assertThat(counts).hasSize(8).allSatisfy((node, count) -> assertThat(count)
                .isBetween(60, 140));
        assertThat(IntStream.range(0, 50)
                        .filter(event -> drawn(1, event, 0, 1).equals(drawn(1, event + 1, 0, 1)))
                        .boxed())
                .hasSizeLessThan(20);
    }

    @Test
    void fewer_than_asked_are_all_there_are() {
        assertThat(drawn(1, 0, 0, 8, "eu-1", "eu-2")).hasSize(6);
    }
}
