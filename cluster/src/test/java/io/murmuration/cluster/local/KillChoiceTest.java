package io.murmuration.cluster.local;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.local.KillChoice.Candidate;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

final class KillChoiceTest {

    private static Candidate node(String name, boolean coordinates, Integer... stages) {
        return new Candidate(name, coordinates, List.of(stages));
    }

    private static List<Integer> stages(List<Candidate> nodes) {
        return nodes.stream()
                .flatMap(node -> node.stages().stream())
                .distinct()
                .sorted()
                .toList();
    }

    @Property
    void a_quorum_and_every_stage_are_left_whoever_is_killed(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Candidate> present = new ArrayList<>();
        int nodes = random.nextInt(1, 10);
        for (int i = 0; i < nodes; i++) {
            present.add(node(
                    "node-" + i,
                    random.nextBoolean(),
                    random.ints(random.nextInt(3), 0, 3).boxed().toArray(Integer[]::new)));
        }
        KillChoice choice = new KillChoice(2, false, random);
        long quorumBefore = present.stream().filter(Candidate::coordinates).count();
        Optional<String> killed = choice.next(present);
        killed.ifPresent(name -> {
            List<Candidate> left =
                    present.stream().filter(one -> !one.name().equals(name)).toList();
            assertThat(left.stream().filter(Candidate::coordinates).count()).isGreaterThanOrEqualTo(2);
            assertThat(stages(left)).isEqualTo(stages(present));
        });
        if (quorumBefore >= 3 && present.stream().anyMatch(one -> one.stages().isEmpty())) {
            assertThat(killed).isPresent();
        }
    }

    @Example
    void the_same_seed_kills_the_same_and_in_time_everybody_dies() {
        List<Candidate> present = IntStream.range(0, 6)
                .mapToObj(i -> node("node-" + i, i < 3, i % 3))
                .toList();
        KillChoice one = new KillChoice(2, false, new SplittableRandom(1));
        KillChoice other = new KillChoice(2, false, new SplittableRandom(1));
        List<String> killed = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            String next = one.next(present).orElseThrow();
            assertThat(other.next(present)).contains(next);
            killed.add(next);
        }
        assertThat(killed).contains("node-0", "node-1", "node-2", "node-3", "node-4", "node-5");
    }

    @Example
    void whoever_asks_for_it_may_lose_the_only_coordinator() {
        List<Candidate> alone = List.of(node("a", true, 0));
        assertThat(new KillChoice(1, false, new SplittableRandom(1)).next(alone))
                .isEmpty();
        assertThat(new KillChoice(1, true, new SplittableRandom(1)).next(alone)).contains("a");
    }
}
