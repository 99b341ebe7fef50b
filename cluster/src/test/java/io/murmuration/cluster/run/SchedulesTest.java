package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.ScheduleName;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.tensors.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulesTest {

    private static final RunSettings DEFAULTS = SettingsLoader.defaultsWith();

    @ParameterizedTest
    @ValueSource(strings = {"linear", "cosine", "wsd"})
    void a_schedule_reaches_the_final_rate_at_the_last_step_and_not_before(String name) {
        for (int steps : new int[] {2, 7, 10, 33, 300}) {
            Schedule schedule = of("optimiser.schedule=" + name, "steps=" + steps);
            assertThat(schedule.learningRate(steps)).as("%d steps", steps).isEqualTo(1e-4);
            assertThat(schedule.learningRate(steps - 1)).as("%d steps", steps).isGreaterThan(1e-4);
        }
    }

    /** Shares are rounded to steps one by one, and must not come to more than all steps. */
    @Test
    void every_schedule_ends_exactly_at_the_last_step_whatever_the_shares() {
        double[] shares = {0, 0.01, 0.1, 0.25, 1.0 / 3, 0.5, 0.75, 1};
        for (int steps = 1; steps <= 50; steps++) {
            for (double warmUp : shares) {
                for (double cosine : shares) {
                    for (double linear : shares) {
                        if (warmUp + cosine + linear <= 1) {
                            assertEndsAt(steps, warmUp, cosine, linear);
                        }
                    }
                }
            }
        }
    }

    private static void assertEndsAt(int steps, double warmUp, double cosine, double linear) {
        RunSettings.Optimiser usual = DEFAULTS.optimiser();
        for (ScheduleName name : ScheduleName.values()) {
            Schedule schedule = Schedules.of(
                    new RunSettings.Optimiser(
                            usual.inner(),
                            name,
                            1e-3,
                            1e-4,
                            warmUp,
                            new RunSettings.Decay(cosine, 0.3, linear),
                            usual.clip(),
                            0),
                    steps);
            String which = name + " of " + steps + " steps, " + warmUp + " + " + cosine + " + " + linear;
            if (name == ScheduleName.CONSTANT) {
                assertThat(schedule.learningRate(steps)).as(which).isEqualTo(1e-3);
                continue;
            }
            assertThat(schedule.learningRate(steps)).as(which).isEqualTo(1e-4);
            // The rate of step 0 is the first of the warm-up, if there is one.
            if (steps > 1) {
                assertThat(schedule.learningRate(steps - 1)).as(which).isGreaterThan(1e-4);
            }
            for (int step = 1; step < steps; step++) {
                boolean climbs = schedule.learningRate(step) > schedule.learningRate(step - 1);
                assertThat(climbs && step > Math.round(warmUp * steps))
                        .as(which)
                        .isFalse();
            }
        }
    }

    @Test
    void constant_stays_at_the_highest_rate() {
        assertThat(of("optimiser.schedule=constant").learningRate(300)).isEqualTo(1e-3);
    }

    @Test
    void wsd_stays_then_falls_along_a_cosine_and_then_in_a_line() {
        Schedule schedule = of(
                "optimiser.schedule=wsd",
                "steps=100",
                "optimiser.wsd.cosine=0.2",
                "optimiser.wsd.cosine-end=0.5",
                "optimiser.wsd.linear=0.1");
        assertThat(schedule.learningRate(5)).isEqualTo(1e-3);
        assertThat(schedule.learningRate(70)).isEqualTo(1e-3);
        assertThat(schedule.learningRate(80)).isCloseTo(7.5e-4, within(1e-12));
        assertThat(schedule.learningRate(90)).isCloseTo(5e-4, within(1e-12));
        assertThat(schedule.learningRate(95)).isCloseTo(3e-4, within(1e-12));
    }

    @Test
    void without_a_line_the_cosine_of_wsd_goes_to_the_final_rate() {
        Schedule schedule = of("optimiser.schedule=wsd", "steps=100", "optimiser.wsd.linear=0");
        assertThat(schedule.learningRate(95)).isCloseTo((1e-3 + 1e-4) / 2, within(1e-12));
        assertThat(schedule.learningRate(100)).isEqualTo(1e-4);
    }

    @Test
    void the_rate_is_divided_by_the_staleness_at_first() {
        Schedule plain = of("steps=100", "swarm.staleness=4");
        Schedule divided = of("steps=100", "swarm.staleness=4", "optimiser.delay-discount-steps=40");
        assertThat(divided.learningRate(0)).isEqualTo(plain.learningRate(0) / 4);
        assertThat(divided.learningRate(20)).isCloseTo(plain.learningRate(20) / 2, within(1e-15));
        assertThat(divided.learningRate(40)).isEqualTo(plain.learningRate(40));
        assertThat(divided.learningRate(100)).isEqualTo(1e-4);
    }

    private static Schedule of(String... assignments) {
        return Schedules.of(SettingsLoader.defaultsWith(assignments));
    }
}
