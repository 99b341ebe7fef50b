package io.murmuration.actors.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Member;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

/** Who gets which stage when a run begins. */
final class MembersTest {

    /** Nodes of so many shards each. */
    private static List<Member> shards(List<Integer> nodes) {
        List<Member> shards = new ArrayList<>();
        for (int node = 0; node < nodes.size(); node++) {
            for (int shard = 1; shard <= nodes.get(node); shard++) {
                shards.add(Member.of("n" + node + ":shard" + (shard > 1 ? "-" + shard : ""), 1));
            }
        }
        return shards;
    }

    private static Map<Member, Integer> assign(int stages, List<Member> order) {
        Members members = new Members(RunModel.plan(stages, 2, 1, 1));
        Map<Member, Integer> assigned = new LinkedHashMap<>();
        order.forEach(member -> assigned.put(member, members.assign(member)));
        return assigned;
    }

    private static int[] counts(int stages, Map<Member, Integer> assigned) {
        int[] counts = new int[stages];
        assigned.values().forEach(stage -> counts[stage]++);
        return counts;
    }

    /** Of each home in each stage. */
    private static Map<String, Integer> together(Map<Member, Integer> assigned) {
        Map<String, Integer> together = new TreeMap<>();
        assigned.forEach((member, stage) -> together.merge(member.peer().home() + "/" + stage, 1, Integer::sum));
        return together;
    }

    /** All that were there when the run began, as a coordinator has them: by name. */
    @Property
    void no_stage_has_more_shards_of_a_node_than_it_must_and_all_stages_as_many_as_the_others(
            @ForAll @IntRange(min = 1, max = 6) int stages,
            @ForAll @Size(min = 1, max = 14) List<@IntRange(min = 1, max = 16) Integer> nodes) {
        List<Member> order = new ArrayList<>(shards(nodes));
        Collections.sort(order);
        Map<Member, Integer> assigned = assign(stages, order);
        int[] counts = counts(stages, assigned);
        Arrays.sort(counts);
        assertThat(counts[stages - 1] - counts[0]).isLessThanOrEqualTo(1);
        for (int node = 0; node < nodes.size(); node++) {
            int must = (nodes.get(node) + stages - 1) / stages;
            for (int stage = 0; stage < stages; stage++) {
                assertThat(together(assigned).getOrDefault("n" + node + "/" + stage, 0))
                        .as("node %d in stage %d: %s", node, stage, assigned)
                        .isLessThanOrEqualTo(must);
            }
        }
        assertThat(assign(stages, order)).isEqualTo(assigned);
    }

    /** In any order the counts are even, and nobody joins its own where another stage of as few has none of it. */
    @Property
    void who_comes_later_has_what_is_left(
            @ForAll @IntRange(min = 1, max = 4) int stages,
            @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 4) Integer> nodes,
            @ForAll Random random) {
        List<Member> order = new ArrayList<>(shards(nodes));
        Collections.shuffle(order, random);
        Map<Member, Integer> soFar = new LinkedHashMap<>();
        assign(stages, order).forEach((member, stage) -> {
            int[] counts = counts(stages, soFar);
            Map<String, Integer> together = together(soFar);
            for (int other = 0; other < stages; other++) {
                assertThat(counts[stage]).isLessThanOrEqualTo(counts[other]);
                if (counts[other] == counts[stage]) {
                    assertThat(together.getOrDefault(member.peer().home() + "/" + stage, 0))
                            .isLessThanOrEqualTo(
                                    together.getOrDefault(member.peer().home() + "/" + other, 0));
                }
            }
            soFar.put(member, stage);
        });
    }

    @Example
    void shards_without_a_node_go_round_as_they_come() {
        List<Member> order = List.of(Member.of("s0", 1), Member.of("s1", 1), Member.of("s2", 1), Member.of("s3", 1));
        assertThat(assign(2, order).values()).containsExactly(0, 1, 0, 1);
    }
}
