package io.murmuration.actors.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import org.junit.jupiter.api.Test;

final class AdaptiveDeadlineTest {

    private static final AdaptiveDeadline.Settings SETTINGS = new AdaptiveDeadline.Settings(100, 10_000, 4);

    @Test
    void the_ceiling_holds_while_little_is_known() {
        AdaptiveDeadline deadline = new AdaptiveDeadline(SETTINGS);
        for (int i = 0; i < 7; i++) {
            deadline.observe(200);
            assertThat(deadline.nanos()).isEqualTo(10_000);
        }
        deadline.observe(200);
        assertThat(deadline.nanos()).isEqualTo(200);
    }

    @Test
    void it_is_the_median_and_four_deviations_and_one_outlier_changes_nothing() {
        AdaptiveDeadline deadline = new AdaptiveDeadline(SETTINGS);
        List.of(190L, 190L, 190L, 190L, 200L, 210L, 210L, 210L, 1_000_000L).forEach(deadline::observe);
        assertThat(deadline.nanos()).isEqualTo(200 + 4 * 10);
    }

    @Test
    void it_follows_a_link_that_became_slow() {
        AdaptiveDeadline deadline = new AdaptiveDeadline(SETTINGS);
        for (int i = 0; i < 64; i++) {
            deadline.observe(150);
        }
        assertThat(deadline.nanos()).isEqualTo(150);
        for (int i = 0; i < 64; i++) {
            deadline.observe(5_000);
        }
        assertThat(deadline.nanos()).isEqualTo(5_000);
    }

    @Property
    void it_stays_between_floor_and_ceiling(@ForAll List<@LongRange(min = 0, max = Long.MAX_VALUE / 8) Long> observed) {
        AdaptiveDeadline deadline = new AdaptiveDeadline(SETTINGS);
        observed.forEach(deadline::observe);
        assertThat(deadline.nanos()).isBetween(100L, 10_000L);
    }

    @Test
    void settings_that_make_no_sense_are_refused() {
        assertThatThrownBy(() -> new AdaptiveDeadline.Settings(0, 1, 1)).hasMessageContaining("floor");
        assertThatThrownBy(() -> new AdaptiveDeadline.Settings(2, 1, 1)).hasMessageContaining("2 ns, 1 ns");
        assertThatThrownBy(() -> new AdaptiveDeadline.Settings(1, 2, Double.NaN))
                .hasMessageContaining("NaN");
    }
}
