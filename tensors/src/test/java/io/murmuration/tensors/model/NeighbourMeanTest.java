package io.murmuration.tensors.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.reduce.Digest;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** A lost stage from the stages before and behind it. */
final class NeighbourMeanTest {

    private static float[] mean(double belowNorm, double aboveNorm) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, 2);
            NeighbourMean.of(target, Floats.of(arena, 1, -8), belowNorm, Floats.of(arena, 5, 8), aboveNorm);
            return target.toArray();
        }
    }

    @Test
    void each_neighbour_counts_by_the_norm_of_its_own_gradient() {
        // (3 x 5 + 1 x 1) / 4 and (3 x 8 - 1 x 8) / 4
        assertThat(mean(1, 3)).containsExactly(4, 4);
        assertThat(mean(3, 1)).containsExactly(2, -4);
        assertThat(mean(0, 7)).containsExactly(5, 8);
        assertThat(mean(7, 0)).containsExactly(1, -8);
    }

    @Test
    void norms_that_are_both_zero_or_both_huge_count_alike() {
        assertThat(mean(0, 0)).containsExactly(3, 0);
        assertThat(mean(Double.MAX_VALUE, Double.MAX_VALUE)).containsExactly(3, 0);
    }

    @Test
    void other_lengths_and_norms_that_are_none_are_refused() {
        try (Arena arena = Arena.ofConfined()) {
            Floats two = Floats.of(arena, 1, 2);
            Floats three = Floats.of(arena, 1, 2, 3);
            assertThatThrownBy(() -> NeighbourMean.of(two, two, 1, three, 1)).hasMessageContaining("2 numbers");
            assertThatThrownBy(() -> NeighbourMean.of(two, three, 1, two, 1)).hasMessageContaining("got 3 and 2");
            assertThatThrownBy(() -> NeighbourMean.of(two, two, -1, two, 1)).hasMessageContaining("-1.0");
            assertThatThrownBy(() -> NeighbourMean.of(two, two, 1, two, Double.NaN))
                    .hasMessageContaining("NaN");
        }
    }

    @Test
    void whoever_computes_it_gets_the_same_bits() {
        try (Arena arena = Arena.ofConfined()) {
            int length = 3 * 4096 + 17;
            SplittableRandom random = new SplittableRandom(7);
            Floats below = Floats.allocate(arena, length);
            Floats above = Floats.allocate(arena, length);
            for (int i = 0; i < length; i++) {
                below.set(i, (float) random.nextDouble(-1, 1));
                above.set(i, (float) random.nextDouble(-1, 1));
            }
            Floats one = Floats.allocate(arena, length);
            Floats other = Floats.of(arena, new float[length]);
            NeighbourMean.of(one, below, 0.3, above, 0.7);
            NeighbourMean.of(other, below, 0.3, above, 0.7);
            assertThat(Digest.of(one)).isEqualTo(Digest.of(other));
            for (int i = 0; i < length; i += 97) {
                double exact = 0.7 * above.get(i) + 0.3 * below.get(i);
                assertThat((double) one.get(i)).isCloseTo(exact, org.assertj.core.data.Offset.offset(1e-7));
            }
        }
    }

    @Test
    void the_embedding_and_the_head_are_left_out_and_layers_are_equally_long() {
        ModelSpec model = ModelSpec.NANO;
        StagePlan plan = StagePlan.of(model.layers(), model.layers());
        NeighbourMean.Layers first = NeighbourMean.layers(model, plan.slice(0));
        NeighbourMean.Layers last = NeighbourMean.layers(model, plan.slice(plan.stages() - 1));
        assertThat(first.offset()).isEqualTo((long) model.vocabulary() * model.dim());
        assertThat(last.offset()).isZero();
        assertThat(first.length()).isEqualTo(last.length());
        assertThat(last.length())
                .isLessThan(
                        ParameterLayout.of(model, plan.slice(plan.stages() - 1)).length());
    }
}
