package io.murmuration.tensors.reduce;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.reduce.Gate.Verdict;
import java.lang.foreign.Arena;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class GateTest {

    @Example
    void every_vector_gets_its_own_verdict_and_the_good_ones_pass() {
        try (Arena arena = Arena.ofConfined()) {
            SortedMap<String, Floats> vectors = new TreeMap<>();
            vectors.put("a", Floats.of(arena, 3, 4));
            vectors.put("b", Floats.of(arena, 1, Float.NaN));
            vectors.put("c", Floats.of(arena, Float.NEGATIVE_INFINITY, 0));
            vectors.put("d", Floats.of(arena, 1));
            vectors.put("e", Floats.of(arena, 60, 80));
            vectors.put("f", Floats.of(arena, Float.MAX_VALUE, Float.MAX_VALUE));

            Gate.Passed<String> passed = new Gate(2, 50).check(vectors, Workers.SERIAL);

            assertThat(passed.accepted().keySet()).containsExactly("a");
            assertThat(passed.verdicts().get("a")).isEqualTo(new Verdict.Accepted(5));
            assertThat(passed.verdicts().get("b"))
                    .isEqualTo(new Verdict.Refused("expected finite numbers, got NaN at 1"));
            assertThat(passed.verdicts().get("c"))
                    .isEqualTo(new Verdict.Refused("expected finite numbers, got -Infinity at 0"));
            assertThat(passed.verdicts().get("d")).isEqualTo(new Verdict.Refused("expected 2 numbers, got 1"));
            assertThat(passed.verdicts().get("e"))
                    .isEqualTo(new Verdict.Refused("expected a norm of at most 50.0, got 100.0"));
            assertThat(passed.verdicts().get("f")).isInstanceOf(Verdict.Refused.class);
        }
    }

    @Property(tries = 100)
    void one_bad_number_anywhere_is_found(
            @ForAll @IntRange(min = 1, max = 10_000) int length, @ForAll @IntRange(min = 0, max = 9_999) int place) {
        try (Arena arena = Arena.ofConfined()) {
            Floats vector = Floats.allocate(arena, length);
            Gate gate = new Gate(length, Double.POSITIVE_INFINITY);
            assertThat(gate.check(vector)).isEqualTo(new Verdict.Accepted(0));
            vector.set(place % length, Float.POSITIVE_INFINITY);
            assertThat(gate.check(vector))
                    .isEqualTo(new Verdict.Refused("expected finite numbers, got Infinity at " + place % length));
        }
    }
}
