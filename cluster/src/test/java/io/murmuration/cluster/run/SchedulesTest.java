package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.tensors.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SchedulesTest {

    @ParameterizedTest
    @ValueSource(strings = {"linear", "cosine", "wsd"})
    void a_schedule_reaches_the_final_rate_at_the_last_step_and_not_before(String name) {
        for (int steps : new int[] {2, 7, 10, 33, 300}) {
            Schedule schedule = of("optimiser.schedule=" + name, "steps=" + steps);
            assertThat(schedule.learningRate(steps)).as("%d steps", steps).isEqualTo(1e-4);
            assertThat(schedule.learningRate(steps - 1)).as("%d steps", steps).isGreaterThan(1e-4);
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

    private static Schedule of(String... assignments) {
        return Schedules.of(SettingsLoader.defaultsWith(assignments));
    }
}
