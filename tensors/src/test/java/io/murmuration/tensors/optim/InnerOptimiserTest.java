package io.murmuration.tensors.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class InnerOptimiserTest {

    @Provide
    Arbitrary<InnerOptimiser.Settings> optimisers() {
        return Arbitraries.of(
                new AdamW.Settings(0.9, 0.95, 1e-8, 0.1),
                new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true),
                new NAdam.Settings(0.9, 0.999, 1e-8, 0.1, 0.004, false),
                new Sgd.Settings(0, false, 0.1),
                new Sgd.Settings(0.9, false, 0.1),
                new Sgd.Settings(0.9, true, 0.1));
    }

    @Property(tries = 100)
    void a_step_in_ranges_on_two_threads_gives_the_bits_of_a_step_in_one(
            @ForAll("optimisers") InnerOptimiser.Settings settings,
            @ForAll @IntRange(min = 1, max = 30_000) int length,
            @ForAll @IntRange(min = 0, max = 7) int cut,
            @ForAll long seed)
            throws InterruptedException {
        long middle = Math.min((long) cut * InnerOptimiser.CHUNK, length / InnerOptimiser.CHUNK * InnerOptimiser.CHUNK);
        try (Arena arena = Arena.ofShared()) {
            Floats whole = random(arena, length, seed);
            Floats halves = random(arena, length, seed);
            InnerOptimiser one = settings.over(arena, length);
            InnerOptimiser two = settings.over(arena, length);
            for (int step = 1; step <= 3; step++) {
                Floats gradient = random(arena, length, seed + step);
                long now = step;
                one.step(whole, gradient, 0.37f, 1e-3, now);
                Thread other = Thread.ofPlatform().start(() -> two.step(halves, gradient, 0.37f, 1e-3, now, 0, middle));
                two.step(halves, gradient, 0.37f, 1e-3, now, middle, length);
                other.join();
            }
            assertSame(halves, whole);
            two.state().forEach((name, vector) -> assertSame(vector, one.state().get(name)));
        }
    }

    @Property(tries = 100)
    void a_state_that_was_saved_goes_on_with_the_same_bits_elsewhere(
            @ForAll("optimisers") InnerOptimiser.Settings settings,
            @ForAll @IntRange(min = 1, max = 5000) int length,
            @ForAll @IntRange(min = 1, max = 40) int steps,
            @ForAll long seed) {
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = random(arena, length, seed);
            InnerOptimiser first = settings.over(arena, length);
            for (int step = 1; step <= steps; step++) {
                first.step(parameters, random(arena, length, seed + step), 1, 1e-2, step);
            }
            // Another object, as after a restart: it has the vectors and the number of the step, nothing else.
            Floats restored = Floats.of(arena, parameters.toArray());
            InnerOptimiser second = settings.over(arena, length);
            assertThat(List.copyOf(second.state().keySet())).isEqualTo(settings.vectors());
            second.state()
                    .forEach((name, vector) -> vector.copyFrom(first.state().get(name)));
            Floats gradient = random(arena, length, ~seed);
            first.step(parameters, gradient, 1, 1e-2, steps + 1L);
            second.step(restored, gradient, 1, 1e-2, steps + 1L);
            assertSame(restored, parameters);
        }
    }

    @Property(tries = 60)
    void nadam_follows_the_formula_in_fp64(
            @ForAll boolean decoupled, @ForAll @IntRange(min = 1, max = 60) int steps, @ForAll long seed) {
        double b1 = 0.97;
        double b2 = 0.99;
        double decay = 0.05;
        double rate = 2e-3;
        int length = 7;
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = random(arena, length, seed);
            double[] p = doubles(parameters);
            double[] m = new double[length];
            double[] v = new double[length];
            double product = 1;
            NAdam nadam = new NAdam.Settings(b1, b2, 1e-8, decay, 0.004, decoupled).over(arena, length);
            for (int t = 1; t <= steps; t++) {
                Floats gradient = random(arena, length, seed + t);
                double mu = b1 * (1 - 0.5 * Math.pow(0.96, 0.004 * t));
                double next = b1 * (1 - 0.5 * Math.pow(0.96, 0.004 * (t + 1)));
                product *= mu;
                for (int i = 0; i < length; i++) {
                    double g = gradient.get(i);
                    if (decoupled) {
                        p[i] -= rate * decay * p[i];
                    } else {
                        g += decay * p[i];
                    }
                    m[i] = b1 * m[i] + (1 - b1) * g;
                    v[i] = b2 * v[i] + (1 - b2) * g * g;
                    double d = Math.sqrt(v[i] / (1 - Math.pow(b2, t))) + 1e-8;
                    p[i] -= rate * ((1 - mu) / (1 - product) * g / d + next / (1 - product * next) * m[i] / d);
                }
                nadam.step(parameters, gradient, 1, rate, t);
            }
            for (int i = 0; i < length; i++) {
                assertThat((double) parameters.get(i)).isCloseTo(p[i], within(2e-6 * Math.max(1, Math.abs(p[i]))));
            }
            assertThat(nadam.momentumProduct(steps)).isCloseTo(product, within(1e-12));
        }
    }

    @Property(tries = 50)
    void the_product_of_momenta_is_the_same_bits_from_any_starting_point(
            @ForAll @IntRange(min = 0, max = 3000) int first, @ForAll @IntRange(min = 0, max = 3000) int second) {
        NAdam.Settings settings = new NAdam.Settings(0.99, 0.999, 1e-8, 0, 0.004, true);
        try (Arena arena = Arena.ofConfined()) {
            NAdam warm = settings.over(arena, 1);
            double before = warm.momentumProduct(first);
            double after = warm.momentumProduct(second);
            assertThat(before).isEqualTo(settings.over(arena, 1).momentumProduct(first));
            assertThat(after).isEqualTo(settings.over(arena, 1).momentumProduct(second));
        }
    }

    @Example
    void a_stage_has_the_momentum_that_makes_up_for_its_delay() {
        // 0.9 + 0.09 (4 - i) / 4
        double[] four = {0.9675, 0.945, 0.9225, 0.9};
        NAdam.Settings all = new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true, true);
        for (int stage = 0; stage < four.length; stage++) {
            assertThat(NAdam.momentumOfStage(stage, 4)).isCloseTo(four[stage], within(1e-15));
            assertThat(all.atStage(stage, 4))
                    .isEqualTo(
                            new NAdam.Settings(NAdam.momentumOfStage(stage, 4), 0.999, 1e-8, 0.1, 0.004, true, false));
        }
        assertThat(NAdam.momentumOfStage(0, 1)).isEqualTo(0.9);
        assertThat(NAdam.momentumOfStage(0, 1000)).isBetween(0.98, 0.99);
        assertThatThrownBy(() -> NAdam.momentumOfStage(4, 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected a stage from 0 to 3, got 4");
    }

    @Example
    void momentum_by_stage_is_of_nadam_only_and_needs_a_stage() {
        InnerOptimiser.Settings same = new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true);
        assertThat(same.atStage(1, 4)).isEqualTo(same);
        InnerOptimiser.Settings adamW = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);
        assertThat(adamW.atStage(1, 4)).isEqualTo(adamW);
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true, true).over(arena, 1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("expected the settings of one");
        }
    }

    @Property
    void a_discounted_rate_is_divided_by_the_delay_to_a_power_that_falls_to_nothing(
            @ForAll @IntRange(min = 0, max = 8) int delay,
            @ForAll @IntRange(min = 1, max = 500) int steps,
            @ForAll @IntRange(min = 0, max = 600) int step) {
        Schedule undivided = new Schedule.Cosine(new Schedule.Warmup(1e-3, 20, 0), 550, 1e-4);
        double rho = Math.max(0, 1 - step / (double) steps);
        double expected = undivided.learningRate(step) / Math.pow(Math.max(delay, 1), rho);
        double rate = new Schedule.Discounted(undivided, delay, steps).learningRate(step);
        assertThat(rate).isCloseTo(expected, within(1e-15));
        if (step >= steps || delay <= 1) {
            assertThat(rate).isEqualTo(undivided.learningRate(step));
        }
    }

    @Property(tries = 60)
    void sgd_follows_the_formula_in_fp64(
            @ForAll boolean nesterov, @ForAll @IntRange(min = 1, max = 40) int steps, @ForAll long seed) {
        int length = 5;
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = random(arena, length, seed);
            double[] p = doubles(parameters);
            double[] v = new double[length];
            InnerOptimiser sgd = new Sgd.Settings(0.8, nesterov, 0.1).over(arena, length);
            for (int t = 1; t <= steps; t++) {
                Floats gradient = random(arena, length, seed + t);
                for (int i = 0; i < length; i++) {
                    double g = 0.5 * gradient.get(i);
                    v[i] = 0.8 * v[i] + g;
                    p[i] = p[i] * (1 - 0.02 * 0.1) - 0.02 * (nesterov ? g + 0.8 * v[i] : v[i]);
                }
                sgd.step(parameters, gradient, 0.5f, 0.02, t);
            }
            for (int i = 0; i < length; i++) {
                assertThat((double) parameters.get(i)).isCloseTo(p[i], within(5e-6 * Math.max(1, Math.abs(p[i]))));
            }
        }
    }

    @Example
    void constants_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> new Sgd.Settings(0, true, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nesterov needs a momentum above 0, was 0");
        assertThatThrownBy(() -> new Sgd.Settings(1, false, 0)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new NAdam.Settings(0.9, 0.9, 1e-8, 0, -1, true))
                .hasMessage("momentum-decay must be at least 0, was -1.0");
        assertThatThrownBy(() -> new NAdam.Settings(1, 0.9, 1e-8, 0, 0, true))
                .hasMessage("betas must be at least 0 and below 1, were 1.0 and 0.9");
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

    static Floats random(Arena arena, int length, long seed) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = (float) (random.nextGaussian() * Math.exp(random.nextGaussian()));
        }
        return Floats.of(arena, values);
    }
}
