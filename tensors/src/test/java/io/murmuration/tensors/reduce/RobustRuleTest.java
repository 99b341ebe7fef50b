package io.murmuration.tensors.reduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.tensors.codec.ThreadWorkers;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class RobustRuleTest {

    @Provide
    Arbitrary<String> rules() {
        return Arbitraries.of(RobustRules.names());
    }

    private static int faults(String rule, int f) {
        return rule.equals(Mean.NAME) ? 0 : f;
    }

    @Property(tries = 150)
    void the_order_of_arrival_and_the_number_of_threads_change_no_bit(
            @ForAll("rules") String name,
            @ForAll @IntRange(min = 0, max = 2) int f,
            @ForAll @IntRange(min = 1, max = 40_000) int length,
            @ForAll long seed) {
        int n = 4 * f + 3;
        RobustRule rule = RobustRules.byName(name, n, faults(name, f));
        try (Arena arena = Arena.ofShared()) {
            List<Floats> vectors = honest(arena, n, length, seed);
            Random random = new Random(seed);
            List<Integer> ids = random.ints(0, 1_000_000)
                    .distinct()
                    .limit(n)
                    .boxed()
                    .sorted()
                    .toList();
            List<Integer> arrival = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                arrival.add(i);
            }
            Collections.shuffle(arrival, random);
            SortedMap<Integer, Floats> arrived = new TreeMap<>();
            arrival.forEach(i -> arrived.put(ids.get(i), vectors.get(i)));
            Floats serial = Floats.allocate(arena, length);
            Floats parallel = Floats.allocate(arena, length);
            rule.aggregate(vectors, serial, Workers.SERIAL);
            rule.aggregate(arrived, parallel, new ThreadWorkers());
            assertThat(parallel.segment().mismatch(serial.segment())).isEqualTo(-1);
        }
    }

    @Example
    void the_ids_of_the_replicas_give_the_order_of_summation() {
        try (Arena arena = Arena.ofConfined()) {
            Floats one = Floats.of(arena, 1);
            Floats huge = Floats.of(arena, 1e30f);
            Floats opposite = Floats.of(arena, -1e30f);
            Floats result = Floats.allocate(arena, 1);
            // Inserted in one order, summed in another: of the three only 1 + 1e30 loses the 1.
            SortedMap<String, Floats> last = new TreeMap<>();
            last.put("c", one);
            last.put("a", huge);
            last.put("b", opposite);
            new Mean(0).aggregate(last, result, Workers.SERIAL);
            assertThat(result.get(0)).isEqualTo(1f / 3);
            SortedMap<String, Floats> first = new TreeMap<>();
            first.put("b", huge);
            first.put("c", opposite);
            first.put("a", one);
            new Mean(0).aggregate(first, result, Workers.SERIAL);
            assertThat(result.get(0)).isZero();
        }
    }

    @Property(tries = 150)
    void which_replica_holds_which_vector_does_not_matter(
            @ForAll("rules") String name, @ForAll @IntRange(min = 0, max = 3) int some, @ForAll long seed) {
        // Bulyan's last rounds look at one neighbour if f is 1 or 2: the two nearest to each other then always share
        // the
        // least score, and the index decides by design. With f = 0 all are selected, with f = 3 there are two
        // neighbours.
        int f = name.equals(Bulyan.NAME) ? some / 2 * 3 : some;
        int n = 4 * f + 5; // with one neighbour only, two vectors share a score, and the index decides by design
        int length = 40;
        RobustRule rule = RobustRules.byName(name, n, faults(name, f));
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> vectors = honest(arena, n, length, seed);
            List<Floats> shuffled = new ArrayList<>(vectors);
            Collections.shuffle(shuffled, new Random(seed));
            Floats one = Floats.allocate(arena, length);
            Floats other = Floats.allocate(arena, length);
            rule.aggregate(vectors, one, Workers.SERIAL);
            rule.aggregate(shuffled, other, Workers.SERIAL);
            if (List.of(CoordinateMedian.NAME, TrimmedMean.NAME, Bulyan.NAME).contains(name)) {
                assertThat(other.segment().mismatch(one.segment())).isEqualTo(-1); // sums go by rank
            } else {
                for (int i = 0; i < length; i++) {
                    assertThat(other.get(i)).isCloseTo(one.get(i), within(1e-6f));
                }
            }
        }
    }

    @Property(tries = 200)
    void median_trimmed_mean_and_bulyan_stay_among_the_honest_values_of_each_coordinate(
            @ForAll @IntRange(min = 0, max = 3) int f,
            @ForAll @IntRange(min = 0, max = 5) int more,
            @ForAll Attack attack,
            @ForAll long seed) {
        int n = 4 * f + 3 + more;
        int length = 60;
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> honest = honest(arena, n - f, length, seed);
            List<Floats> all = attacked(arena, honest, f, attack, seed);
            Floats result = Floats.allocate(arena, length);
            for (RobustRule rule : List.of(new CoordinateMedian(f), new TrimmedMean(f), new Bulyan(f))) {
                rule.aggregate(all, result, Workers.SERIAL);
                for (int i = 0; i < length; i++) {
                    float least = Float.POSITIVE_INFINITY;
                    float most = Float.NEGATIVE_INFINITY;
                    for (Floats vector : honest) {
                        least = Math.min(least, vector.get(i));
                        most = Math.max(most, vector.get(i));
                    }
                    assertThat(result.get(i)).as(rule.name()).isBetween(least, most);
                }
            }
        }
    }

    @Property(tries = 200)
    void krum_takes_one_of_the_vectors_and_an_honest_one_when_attackers_are_far(
            @ForAll @IntRange(min = 0, max = 4) int f, @ForAll long seed) {
        int n = 2 * f + 3;
        int length = 30;
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> honest = honest(arena, n - f, length, seed);
            // Together in one far point: their distance from each other is 0, yet f of them are too few neighbours.
            List<Floats> all = attacked(arena, honest, f, Attack.SAME_POINT, seed);
            Floats result = Floats.allocate(arena, length);
            new Krum(f).aggregate(all, result, Workers.SERIAL);
            assertThat(honest).anySatisfy(vector -> assertThat(result.segment().mismatch(vector.segment()))
                    .isEqualTo(-1));
            assertThat(new MultiKrum(f).choose(all, Workers.SERIAL))
                    .hasSize(n - f)
                    .allSatisfy(i -> assertThat(honest.contains(all.get(i))).isTrue());
        }
    }

    @Property(tries = 100)
    void iterative_rules_stay_near_the_honest_ones_wherever_a_minority_goes(
            @ForAll @IntRange(min = 1, max = 3) int f, @ForAll Attack attack, @ForAll long seed) {
        int n = 4 * f + 1;
        int length = 30;
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> honest = honest(arena, n - f, length, seed);
            List<Floats> all = attacked(arena, honest, f, attack, seed);
            Floats mean = Floats.allocate(arena, length);
            Floats result = Floats.allocate(arena, length);
            new Mean(0).aggregate(honest, mean, Workers.SERIAL);
            double radius = 0;
            for (Floats vector : honest) {
                radius = Math.max(radius, distance(vector, mean));
            }
            for (RobustRule rule : List.of(new GeometricMedian(f), new CenteredClip(f))) {
                rule.aggregate(all, result, Workers.SERIAL);
                // With less than a third of outliers the geometric median is within 2 (1 - a) / (1 - 2a) < 4 radii.
                assertThat(distance(result, mean)).as(rule.name()).isLessThan(4 * radius);
            }
        }
    }

    @Example
    void the_undefended_mean_is_moved_by_one() {
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> vectors = List.of(Floats.of(arena, 1), Floats.of(arena, 2), Floats.of(arena, 3000));
            Floats result = Floats.allocate(arena, 1);
            new Mean(0).aggregate(vectors, result, Workers.SERIAL);
            assertThat(result.get(0)).isEqualTo(1001);
        }
    }

    @Example
    void norm_clipping_shortens_to_the_median_norm_or_a_given_one() {
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> vectors = List.of(Floats.of(arena, 3, 4), Floats.of(arena, 0, 1), Floats.of(arena, -600, 800));
            Floats result = Floats.allocate(arena, 2);
            new NormClip(1).aggregate(vectors, result, Workers.SERIAL);
            assertThat(result.toArray()).containsExactly(0f, 3f);
            new NormClip(1, OptionalDouble.of(10)).aggregate(vectors, result, Workers.SERIAL);
            assertThat(result.toArray()).containsExactly(-1f, 13f / 3);
        }
    }

    @Example
    void a_bound_that_fails_is_named_with_its_numbers() {
        Map<String, String> messages = new LinkedHashMap<>();
        messages.put(Bulyan.NAME, "bulyan: n >= 4 f + 3 must hold, n = 10, f = 2 needs 11");
        messages.put(Krum.NAME, "krum: n >= 2 f + 3 must hold, n = 6, f = 2 needs 7");
        messages.put(MultiKrum.NAME, "multi-krum: n >= 2 f + 3 must hold, n = 6, f = 2 needs 7");
        messages.put(CoordinateMedian.NAME, "median: n >= 2 f + 1 must hold, n = 4, f = 2 needs 5");
        messages.put(TrimmedMean.NAME, "trimmed-mean: n >= 2 f + 1 must hold, n = 4, f = 2 needs 5");
        messages.put(GeometricMedian.NAME, "geometric-median: n >= 2 f + 1 must hold, n = 4, f = 2 needs 5");
        messages.put(CenteredClip.NAME, "centered-clip: n >= 2 f + 1 must hold, n = 4, f = 2 needs 5");
        messages.put(NormClip.NAME, "norm-clip: n >= 2 f + 1 must hold, n = 4, f = 2 needs 5");
        messages.forEach((name, message) -> {
            int enough = Integer.parseInt(message.substring(message.lastIndexOf(' ') + 1));
            assertThatThrownBy(() -> RobustRules.byName(name, enough - 1, 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(message);
            assertThatCode(() -> RobustRules.byName(name, enough, 2)).doesNotThrowAnyException();
        });
        assertThatThrownBy(() -> RobustRules.byName("mean", 9, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("mean: f = 0 must hold, since one fault moves a mean anywhere; f = 1");
        assertThatThrownBy(() -> RobustRules.byName("median", 9, -1))
                .hasMessage("median: f must be at least 0, was -1");
        assertThatThrownBy(() -> RobustRules.byName("average", 9, 1))
                .hasMessageContaining("no robust rule is called average")
                .hasMessageContaining("bulyan, centered-clip, geometric-median, krum");
    }

    @Example
    void too_few_vectors_after_the_gate_are_refused_as_at_configuration() {
        try (Arena arena = Arena.ofConfined()) {
            Floats one = Floats.of(arena, 1, 2);
            assertThatThrownBy(() -> new TrimmedMean(1).aggregate(List.of(one, one), one, Workers.SERIAL))
                    .hasMessage("trimmed-mean: n >= 2 f + 1 must hold, n = 2, f = 1 needs 3");
            assertThatThrownBy(() -> new Mean(0).aggregate(List.of(one, Floats.of(arena, 1)), one, Workers.SERIAL))
                    .hasMessage("mean: expected vectors of 2 numbers, got 1");
        }
    }

    /** What f of the vectors may be. */
    enum Attack {
        SIGN_FLIP,
        HUGE,
        NOISE,
        SAME_POINT,
        COPY
    }

    private static List<Floats> honest(Arena arena, int n, int length, long seed) {
        Random random = new Random(seed);
        float[] centre = gaussian(random, length, 1);
        List<Floats> vectors = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            float[] vector = gaussian(random, length, 0.3f);
            for (int k = 0; k < length; k++) {
                vector[k] += centre[k];
            }
            vectors.add(Floats.of(arena, vector));
        }
        return vectors;
    }

    private static List<Floats> attacked(Arena arena, List<Floats> honest, int f, Attack attack, long seed) {
        Random random = new Random(seed ^ 1);
        List<Floats> all = new ArrayList<>(honest);
        for (int i = 0; i < f; i++) {
            float[] vector = honest.getFirst().toArray();
            for (int k = 0; k < vector.length; k++) {
                vector[k] = switch (attack) {
                    case SIGN_FLIP -> -10 * vector[k];
                    case HUGE -> 1e30f;
                    case NOISE -> 50 * (float) random.nextGaussian();
                    case SAME_POINT -> 100;
                    case COPY -> vector[k];
                };
            }
            all.add(random.nextInt(all.size() + 1), Floats.of(arena, vector));
        }
        return all;
    }

    private static float[] gaussian(Random random, int length, float size) {
        float[] vector = new float[length];
        for (int k = 0; k < length; k++) {
            vector[k] = size * (float) random.nextGaussian();
        }
        return vector;
    }

    private static double distance(Floats one, Floats other) {
        double sum = 0;
        for (int i = 0; i < one.length(); i++) {
            sum += Math.pow((double) one.get(i) - other.get(i), 2);
        }
        return Math.sqrt(sum);
    }
}
