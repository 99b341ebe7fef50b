package io.murmuration.tensors.compute;

import static org.assertj.core.api.Assertions.assertThat;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;

class LanesTest {

    @Test
    void the_exponential_is_within_two_ulps_over_its_range() {
        for (int i = -87 * 4096; i <= 88 * 4096; i += 7) {
            float x = i / 4096f;
            float expected = (float) StrictMath.exp(x);
            assertThat(Math.abs((double) exp(x) - expected))
                    .as("e^%s", x)
                    .isLessThanOrEqualTo(2 * (double) Math.ulp(expected));
        }
    }

    @Test
    void the_exponential_is_clamped_outside_its_range_and_passes_nan_on() {
        assertThat(exp(0)).isEqualTo(1);
        assertThat(exp(Float.NEGATIVE_INFINITY)).isBetween(0f, 2e-38f);
        assertThat(exp(-1e30f)).isBetween(0f, 2e-38f);
        assertThat(exp(1e30f)).isGreaterThan(1e38f).isFinite();
        assertThat(exp(Float.NaN)).isNaN();
    }

    @Test
    void lanes_are_summed_in_ascending_order() {
        FloatVector vector = Lanes.zero();
        float expected = 0;
        for (int lane = 0; lane < Lanes.WIDTH; lane++) {
            float value = lane % 2 == 0 ? 1e8f : -3.3f * lane;
            vector = vector.withLane(lane, value);
            expected += value;
        }
        assertThat(Lanes.sum(vector)).isEqualTo(expected);
    }

    private static float exp(float x) {
        return Lanes.exp(Lanes.all(x)).lane(Lanes.WIDTH - 1);
    }
}
