package io.murmuration.actors.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class FenceTest {

    private static final Member ONE = Member.of("one", 1);
    private static final Member OTHER = Member.of("other", 1);

    private final Fence fence = new Fence();

    @Test
    void a_term_is_promised_to_one_and_lower_ones_to_nobody() {
        assertThat(fence.refuse(ONE, new Epoch(2, 0))).isEmpty();
        assertThat(fence.refuse(ONE, new Epoch(2, 3))).isEmpty();
        Epoch seen = new Epoch(2, 3);
        assertThat(fence.refuse(ONE, new Epoch(2, 2)))
                .contains(new CoordinatorMessage.Superseded(seen, new Epoch(2, 2), ONE));
        assertThat(fence.refuse(OTHER, new Epoch(2, 9)))
                .contains(new CoordinatorMessage.Superseded(seen, new Epoch(2, 9), ONE));
        assertThat(fence.refuse(OTHER, new Epoch(1, 9)))
                .contains(new CoordinatorMessage.Superseded(seen, new Epoch(1, 9), ONE));
        assertThat(fence.coordinator()).contains(ONE);
    }

    @Test
    void a_higher_term_takes_the_promise_over() {
        assertThat(fence.refuse(ONE, new Epoch(2, 7))).isEmpty();
        assertThat(fence.refuse(OTHER, new Epoch(3, 0))).isEmpty();
        assertThat(fence.coordinator()).contains(OTHER);
        assertThat(fence.refuse(ONE, new Epoch(2, 8))).isPresent();
    }
}
