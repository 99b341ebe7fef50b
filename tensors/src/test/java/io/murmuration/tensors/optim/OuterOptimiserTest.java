package io.murmuration.tensors.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.Fragment.Range;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class OuterOptimiserTest {

    private static final DiLoCo.Settings ROUND = new DiLoCo.Settings(4, 0.7, 0.9);

    @Property(tries = 200)
    void streaming_sends_and_applies_every_fragment_once_a_period(
            @ForAll @IntRange(min = 1, max = 20) int period,
            @ForAll @IntRange(min = 1, max = 20) int fragments,
            @ForAll @IntRange(min = 0, max = 19) int delay,
            @ForAll @IntRange(min = 0, max = 100) int start) {
        int parts = 1 + (fragments - 1) % period;
        int tau = delay % period;
        StreamingDiLoCo streaming =
                streaming(parts, new StreamingDiLoCo.Settings(tau, 0.5, new DiLoCo.Settings(period, 0.7, 0.9)));
        List<Integer> sent = new ArrayList<>();
        for (int t = start + 1; t <= start + period; t++) {
            sent.addAll(streaming.sends(t));
            assertThat(streaming.applies(t + tau)).isEqualTo(streaming.sends(t));
        }
        assertThat(sent).hasSize(parts).doesNotHaveDuplicates();
        for (int t = 1; t <= tau; t++) {
            assertThat(streaming.applies(t))
                    .as("nothing was sent before step 1")
                    .isEmpty();
        }
    }

    private static StreamingDiLoCo streaming(int parts, StreamingDiLoCo.Settings settings) {
        List<Fragment> fragments = new ArrayList<>();
        for (int i = 0; i < parts; i++) {
            fragments.add(new Fragment(List.of(new Range(i, 1))));
        }
        return new StreamingDiLoCo(Arena.ofAuto(), Floats.allocate(Arena.ofAuto(), parts), fragments, settings);
    }

    @Property(tries = 50)
    void strided_fragments_cover_every_parameter_once_and_deal_layers_out_in_turn(
            @ForAll @IntRange(min = 1, max = 3) int stages, @ForAll @IntRange(min = 1, max = 4) int wanted) {
        ModelSpec model = ModelSpec.TINY;
        for (int stage = 0; stage < stages; stage++) {
            StagePlan.Slice slice = StagePlan.of(model.layers(), stages).slice(stage);
            ParameterLayout layout = ParameterLayout.of(model, slice);
            int count = Math.min(wanted, slice.layers());
            List<Fragment> fragments = Fragment.strided(layout, count);
            int[] covered = new int[(int) layout.length()];
            for (Fragment fragment : fragments) {
                for (Range range : fragment.ranges()) {
                    for (long i = range.offset(); i < range.offset() + range.length(); i++) {
                        covered[(int) i]++;
                    }
                }
            }
            assertThat(covered).containsOnly(1);
            for (int layer = 0; layer < slice.layers(); layer++) {
                long offset = layout.parameter(
                                "model.layers." + (slice.firstLayer() + layer) + ".self_attn.q_proj.weight")
                        .offset();
                assertThat(fragments.get(layer % count).ranges())
                        .anyMatch(range -> range.offset() <= offset && offset < range.offset() + range.length());
            }
        }
    }

    @Example
    void more_fragments_than_layers_are_refused() {
        ParameterLayout layout =
                ParameterLayout.of(ModelSpec.TINY, StagePlan.of(4, 2).slice(1));
        assertThatThrownBy(() -> Fragment.strided(layout, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("fragments must be 1 to the 2 layers of the stage, was 3");
        assertThatThrownBy(() -> Fragment.strided(layout, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Property(tries = 200)
    void noloco_pairs_everybody_once_from_the_seed_alone(
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 1000) int round,
            @ForAll @IntRange(min = 0, max = 40) int n) {
        List<String> replicas = new ArrayList<>();
        for (int i = 0; i < n; i++) {
            replicas.add("replica-" + i);
        }
        List<NoLoCo.Pair<String>> pairs = NoLoCo.pairs(seed, round, replicas);
        Set<String> met = new HashSet<>();
        pairs.forEach(pair -> {
            assertThat(met.add(pair.first())).isTrue();
            assertThat(met.add(pair.second())).isTrue();
        });
        assertThat(met).hasSize(n - n % 2).isSubsetOf(replicas);
        assertThat(NoLoCo.pairs(seed, round, replicas)).isEqualTo(pairs);
    }

    @Example
    void noloco_s_pairs_and_who_sits_out_change_from_round_to_round() {
        List<Integer> replicas = List.of(0, 1, 2, 3, 4);
        Set<Integer> alone = new HashSet<>();
        Set<List<NoLoCo.Pair<Integer>>> matchings = new HashSet<>();
        for (int round = 0; round < 60; round++) {
            List<NoLoCo.Pair<Integer>> pairs = NoLoCo.pairs(7, round, replicas);
            matchings.add(pairs);
            Set<Integer> left = new HashSet<>(replicas);
            pairs.forEach(pair -> left.removeAll(List.of(pair.first(), pair.second())));
            alone.addAll(left);
        }
        assertThat(alone).isEqualTo(Set.copyOf(replicas));
        assertThat(matchings).hasSizeGreaterThan(20);
    }

    @Property(tries = 50)
    void noloco_follows_the_formula_and_pulls_partners_together(@ForAll long seed) {
        int length = 6;
        NoLoCo.Settings settings = NoLoCo.Settings.PAPER;
        try (Arena arena = Arena.ofConfined()) {
            Floats[] local = {random(arena, length, seed), random(arena, length, ~seed)};
            NoLoCo[] outer = {new NoLoCo(arena, local[0], settings), new NoLoCo(arena, local[1], settings)};
            double[][] phi = {doubles(local[0]), doubles(local[1])};
            double[][] m = new double[2][length];
            for (int round = 0; round < 3; round++) {
                Floats[] progress = new Floats[2];
                Floats[] slow = new Floats[2];
                for (int i = 0; i < 2; i++) {
                    local[i].copyFrom(random(arena, length, seed + 2 * round + i));
                    progress[i] = Floats.allocate(arena, length);
                    outer[i].progress(local[i], progress[i]);
                    slow[i] = Floats.of(arena, outer[i].slow().toArray());
                }
                double[][] before = {phi[0].clone(), phi[1].clone()};
                for (int i = 0; i < 2; i++) {
                    for (int k = 0; k < length; k++) {
                        double mean = (local[0].get(k) - before[0][k] + local[1].get(k) - before[1][k]) / 2;
                        double pull = (before[0][k] + before[1][k]) / 2 - before[i][k];
                        m[i][k] = 0.5 * m[i][k] + 0.7 * mean + 0.7 * pull;
                        phi[i][k] += m[i][k];
                    }
                }
                for (int i = 0; i < 2; i++) {
                    outer[i].outerStep(progress[i], progress[1 - i], slow[1 - i], local[i]);
                    for (int k = 0; k < length; k++) {
                        double size = Math.max(1, Math.abs(phi[i][k]));
                        assertThat((double) local[i].get(k)).isCloseTo(phi[i][k], within(2e-5 * size));
                    }
                }
            }
        }
    }

    @Property(tries = 100)
    void slices_cover_every_parameter_exactly_once_in_a_cycle(
            @ForAll @IntRange(min = 1, max = 5000) int length,
            @ForAll @IntRange(min = 1, max = 40) int slices,
            @ForAll @IntRange(min = 0, max = 500) int first) {
        try (Arena arena = Arena.ofConfined()) {
            SliceAveraging averaging = new SliceAveraging(arena, length, new SliceAveraging.Settings(20, slices));
            int[] covered = new int[length];
            for (long round = first; round < first + slices; round++) {
                for (long i = averaging.offset(round); i < averaging.offset(round) + averaging.length(round); i++) {
                    covered[(int) i]++;
                }
                assertThat(averaging.length(round)).isBetween(length / slices + 0L, length / slices + 1L);
            }
            assertThat(covered).containsOnly(1);
            assertThat(averaging.startsRound(40)).isTrue();
            assertThat(averaging.startsRound(39)).isFalse();
            assertThat(averaging.round(40)).isEqualTo(1);
        }
    }

    @Example
    void what_was_learnt_while_a_slice_travelled_is_kept() {
        try (Arena arena = Arena.ofConfined()) {
            SliceAveraging averaging = new SliceAveraging(arena, 4, new SliceAveraging.Settings(1, 2));
            Floats parameters = Floats.of(arena, 1, 2, 3, 4);
            Floats sent = averaging.send(1, parameters);
            assertThat(sent.toArray()).containsExactly(3f, 4f);
            parameters.set(2, 3.5f);
            averaging.apply(1, Floats.of(arena, 5, 4), parameters);
            assertThat(parameters.toArray()).containsExactly(1f, 2f, 5.5f, 4f);
        }
    }

    @Property(tries = 50)
    void eager_diloco_counts_its_own_delta_fresh_and_the_others_a_phase_late(@ForAll long seed) {
        int length = 5;
        try (Arena arena = Arena.ofConfined()) {
            Floats start = random(arena, length, seed);
            EagerDiLoCo eager = new EagerDiLoCo(arena, start, new DiLoCo.Settings(1, 1, 0));
            Floats local = Floats.of(arena, start.toArray());
            Floats own1 = random(arena, length, seed + 1);
            Floats own2 = random(arena, length, seed + 2);
            Floats other1 = random(arena, length, seed + 3);
            Floats mean1 = Floats.allocate(arena, length);
            for (int i = 0; i < length; i++) {
                mean1.set(i, (own1.get(i) + other1.get(i)) / 2);
            }
            eager.outerStep(own1, Optional.empty(), 2, local);
            eager.outerStep(own2, Optional.of(mean1), 2, local);
            for (int i = 0; i < length; i++) {
                double want = start.get(i) - own1.get(i) / 2.0 - (own2.get(i) + other1.get(i)) / 2.0;
                double size = Math.abs(own1.get(i)) + Math.abs(own2.get(i)) + Math.abs(other1.get(i)) + 1;
                assertThat((double) local.get(i)).isCloseTo(want, within(1e-5 * size));
            }
        }
    }

    @Property(tries = 50)
    void an_outer_step_can_be_taken_back_and_a_saved_state_goes_on_elsewhere(
            @ForAll @IntRange(min = 1, max = 5000) int length, @ForAll long seed) {
        try (Arena arena = Arena.ofConfined()) {
            Floats start = random(arena, length, seed);
            DiLoCo one = new DiLoCo(arena, start, ROUND);
            one.outerStep(random(arena, length, seed + 1));
            SavedState saved = SavedState.of(arena, one::state);
            Floats before = Floats.of(arena, one.parameters().toArray());
            one.outerStep(random(arena, length, seed + 2)); // of a round that is then abandoned
            saved.restore();
            assertSame(one.parameters(), before);

            DiLoCo other = new DiLoCo(arena, start, ROUND);
            copy(one.state(), other.state());
            Floats delta = random(arena, length, seed + 3);
            one.outerStep(delta);
            other.outerStep(delta);
            assertSame(other.parameters(), one.parameters());
        }
    }

    @Property(tries = 30)
    void every_outer_optimiser_goes_on_from_its_saved_state_with_the_same_bits(@ForAll long seed) {
        int length = 50;
        try (Arena arena = Arena.ofConfined()) {
            Floats start = random(arena, length, seed);
            Floats delta = random(arena, length, seed + 1);
            List<Fragment> fragments = List.of(
                    new Fragment(List.of(new Range(0, 10), new Range(30, 20))),
                    new Fragment(List.of(new Range(10, 20))));
            StreamingDiLoCo.Settings settings = new StreamingDiLoCo.Settings(1, 0.3, ROUND);
            StreamingDiLoCo streaming = new StreamingDiLoCo(arena, start, fragments, settings);
            StreamingDiLoCo otherStreaming = new StreamingDiLoCo(arena, delta, fragments, settings);
            NoLoCo noLoCo = new NoLoCo(arena, start, NoLoCo.Settings.PAPER);
            NoLoCo otherNoLoCo = new NoLoCo(arena, delta, NoLoCo.Settings.PAPER);
            EagerDiLoCo eager = new EagerDiLoCo(arena, start, ROUND);
            EagerDiLoCo otherEager = new EagerDiLoCo(arena, delta, ROUND);
            Floats one = Floats.of(arena, start.toArray());
            Floats other = Floats.of(arena, start.toArray());
            streaming.apply(0, delta.slice(0, 30), one);
            noLoCo.outerStep(delta, start, delta, one);
            eager.outerStep(delta, Optional.empty(), 3, one);
            copy(streaming.state(), otherStreaming.state());
            copy(noLoCo.state(), otherNoLoCo.state());
            copy(eager.state(), otherEager.state());

            other.copyFrom(one);
            streaming.apply(0, delta.slice(0, 30), one);
            otherStreaming.apply(0, delta.slice(0, 30), other);
            assertSame(other, one);
            noLoCo.outerStep(start, delta, start, one);
            otherNoLoCo.outerStep(start, delta, start, other);
            assertSame(other, one);
            eager.outerStep(start, Optional.of(delta), 3, one);
            otherEager.outerStep(start, Optional.of(delta), 3, other);
            assertSame(other, one);
        }
    }

    @Example
    void constants_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> new DiLoCo.Settings(0, 0.7, 0.9)).hasMessage("inner-steps must be at least 1, was 0");
        assertThatThrownBy(() -> new DiLoCo.Settings(1, 0.7, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new StreamingDiLoCo.Settings(4, 0.5, ROUND))
                .hasMessage("the delay must be 0 to below the period of 4 inner steps, was 4");
        assertThatThrownBy(() -> new StreamingDiLoCo.Settings(0, 1.5, ROUND)).hasMessage("mix must be 0 to 1, was 1.5");
        assertThatThrownBy(() -> streaming(5, new StreamingDiLoCo.Settings(0, 0.5, ROUND)))
                .hasMessage("expected 1 to 4 fragments, one per inner step of a period at most, got 5");
    }

    private static void copy(Map<String, Floats> from, Map<String, Floats> to) {
        assertThat(to.keySet()).isEqualTo(from.keySet());
        to.forEach((name, vector) -> vector.copyFrom(from.get(name)));
    }

    private static void assertSame(Floats got, Floats want) {
        assertThat(got.segment().mismatch(want.segment())).isEqualTo(-1);
    }

    private static double[] doubles(Floats numbers) {
        double[] doubles = new double[(int) numbers.length()];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = numbers.get(i);
        }
        return doubles;
    }

    private static Floats random(Arena arena, int length, long seed) {
        return InnerOptimiserTest.random(arena, length, seed);
    }
}
