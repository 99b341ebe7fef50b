package io.murmuration.tensors.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.lang.foreign.Arena;
import java.math.BigDecimal;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

class OptimiserTest {

    private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);

    @Property(tries = 200)
    void one_number_follows_the_formula(
            @ForAll @DoubleRange(min = -3, max = 3) double start,
            @ForAll @DoubleRange(min = -2, max = 2) double slope,
            @ForAll @LongRange(min = 1, max = 5000) long step) {
        float g = (float) slope * 0.5f;
        double lr = 3e-3;
        double m = 0.1 * g;
        double v = 0.05 * g * g;
        double want = (float) start * (1 - lr * 0.1)
                - lr / (1 - Math.pow(0.9, step)) * m / (Math.sqrt(v) / Math.sqrt(1 - Math.pow(0.95, step)) + 1e-8);
        try (Arena arena = Arena.ofConfined()) {
            Floats parameter = Floats.of(arena, (float) start);
            SETTINGS.over(arena, 1).step(parameter, Floats.of(arena, (float) slope), 0.5f, lr, step);
            assertThat((double) parameter.get(0)).isCloseTo(want, within(1e-6));
        }
    }

    @Example
    void matrices_decay_and_gains_do_not() {
        ParameterLayout layout =
                ParameterLayout.of(ModelSpec.NANO, StagePlan.of(3, 1).slice(0));
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.allocate(arena, layout.length());
            for (long i = 0; i < layout.length(); i++) {
                parameters.set(i, 1);
            }
            AdamW optimiser = SETTINGS.over(arena, layout);
            optimiser.step(parameters, Floats.allocate(arena, layout.length()), 1, 0.5, 1);
            for (ParameterLayout.Parameter parameter : layout.parameters()) {
                float want = parameter.name().contains("norm") ? 1f : 0.95f;
                float[] values =
                        parameters.slice(parameter.offset(), parameter.length()).toArray();
                assertThat(values).as(parameter.name()).containsOnly(want);
            }
        }
    }

    @Example
    void a_range_must_start_and_end_at_a_chunk() {
        try (Arena arena = Arena.ofConfined()) {
            Floats vector = Floats.allocate(arena, 10_000);
            AdamW optimiser = SETTINGS.over(arena, 10_000);
            for (long[] range : List.of(new long[] {1, 4096}, new long[] {0, 5000}, new long[] {4096, 12_288})) {
                assertThatThrownBy(() -> optimiser.step(vector, vector, 1, 1e-3, 1, range[0], range[1]))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("got step 1, " + range[0] + " to " + range[1]);
            }
        }
    }

    @Property(tries = 100)
    void the_squared_norm_adds_in_the_documented_order_on_any_number_of_threads(
            @ForAll @IntRange(min = 1, max = 30_000) int length, @ForAll long seed) throws InterruptedException {
        try (Arena arena = Arena.ofShared()) {
            Floats numbers = random(arena, length, seed);
            double want = 0;
            for (int chunk = 0; chunk < length; chunk += Norms.CHUNK) {
                double[] lanes = new double[8];
                for (int i = chunk; i < Math.min(length, chunk + Norms.CHUNK); i++) {
                    lanes[i % 8] += Math.pow(numbers.get(i), 2);
                }
                want += ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
                        + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
            }
            assertThat(Norms.squaredNorm(numbers)).isEqualTo(want);
            double[] partials = new double[Norms.chunks(numbers)];
            int middle = partials.length / 2;
            Thread other = Thread.ofPlatform().start(() -> Norms.partials(numbers, 0, middle, partials));
            Norms.partials(numbers, middle, partials.length, partials);
            other.join();
            assertThat(Norms.sum(partials)).isEqualTo(want);
        }
    }

    @Property(tries = 20)
    void the_squared_norm_is_the_exact_one_to_fourteen_digits(
            @ForAll @IntRange(min = 1, max = 5000) int length, @ForAll long seed) {
        try (Arena arena = Arena.ofConfined()) {
            Floats numbers = random(arena, length, seed);
            BigDecimal exact = BigDecimal.ZERO;
            for (float number : numbers.toArray()) {
                exact = exact.add(new BigDecimal(number).pow(2));
            }
            double want = exact.doubleValue();
            assertThat(Norms.squaredNorm(numbers)).isCloseTo(want, within(1e-14 * want));
        }
    }

    @Example
    void clipping_refuses_a_norm_that_is_not_finite_and_can_be_off() {
        assertThat(GradientClip.coefficient(1e9, Double.POSITIVE_INFINITY)).isEqualTo(1f);
        assertThat(GradientClip.coefficient(0, 1)).isEqualTo(1f);
        for (double norm : new double[] {Double.NaN, Double.POSITIVE_INFINITY, -1}) {
            assertThatThrownBy(() -> GradientClip.coefficient(norm, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("" + norm);
        }
    }

    @Property(tries = 200)
    void a_schedule_stays_between_its_ends(
            @ForAll @LongRange(min = 0, max = 2000) long step, @ForAll @LongRange(min = 0, max = 99) long warmup) {
        Schedule.Warmup climb = new Schedule.Warmup(1e-3, warmup, 1e-6);
        for (Schedule schedule : List.of(
                new Schedule.Linear(climb, 1000, 1e-4),
                new Schedule.Cosine(climb, 1000, 1e-4),
                new Schedule.WarmupStableDecay(climb, 300, 300, 2e-4, 300, 1e-4))) {
            double rate = schedule.learningRate(step);
            assertThat(rate).isBetween(step < warmup ? 1e-6 : 1e-4, 1e-3);
            if (step >= 1000) {
                assertThat(rate).isEqualTo(1e-4);
            }
        }
    }

    @Example
    void a_schedule_that_ends_within_its_warm_up_is_refused() {
        assertThatThrownBy(() -> new Schedule.Cosine(new Schedule.Warmup(1e-3, 15, 0), 15, 1e-4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("total must be above the warm-up of 15 steps, was 15");
    }

    private static Floats random(Arena arena, int length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
        }
        return Floats.of(arena, values);
    }
}
