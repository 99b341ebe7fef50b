package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.config.SettingsLoader;
import org.junit.jupiter.api.Test;

class MemoryLimitTest {

    private static final long GIB = 1L << 30;

    private static MemoryLimit of(long available, long machine, long allowed, long free, long heap) {
        return new MemoryLimit.Found(
                        available * GIB, "MemAvailable", machine * GIB, allowed * GIB, free * GIB, heap * GIB)
                .limit();
    }

    @Test
    void what_the_heap_may_still_take_is_not_available() {
        assertThat(of(20, 32, 32, 3, 8))
                .isEqualTo(new MemoryLimit(
                        12 * GIB, "MemAvailable, 20.00 GiB, less 8.00 GiB that the heap may still take: -Xmx"));
    }

    @Test
    void a_container_has_no_more_than_its_limit_less_what_it_uses() {
        assertThat(of(20, 32, 16, 10, 4))
                .isEqualTo(new MemoryLimit(
                        6 * GIB,
                        "what is left of the container's 16.00 GiB, 10.00 GiB, less 4.00 GiB that the heap may still take:"
                                + " -Xmx"));
        assertThat(of(5, 32, 16, 10, 4).bytes()).as("of a machine that is full").isEqualTo(GIB);
    }

    @Test
    void a_heap_that_may_take_everything_leaves_nothing() {
        assertThat(of(4, 32, 32, 3, 8).bytes()).isZero();
    }

    @Test
    void what_the_settings_give_is_given_in_full() {
        assertThat(MemoryLimit.of(SettingsLoader.defaultsWith("compute.memory=3 GiB")))
                .isEqualTo(new MemoryLimit(3 * GIB, "compute.memory"));
    }
}
