package io.murmuration.tensors.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class ModelSpecTest {

    /** As counted by the models' authors. */
    @Test
    void the_published_shapes_have_the_published_numbers_of_parameters() {
        assertThat(ModelSpec.LLAMA_8B.parameters()).isEqualTo(8_030_261_248L);
        assertThat(ModelSpec.LLAMA_1B.withTiedHead(true).parameters()).isEqualTo(1_235_814_400L);
    }

    @Test
    void base_is_what_its_shape_says() {
        ModelSpec base = ModelSpec.presets().get("base");
        long layer = 4L * 768 * 768 + 3L * 768 * 2048 + 2 * 768;
        assertThat(base.parameters()).isEqualTo(12 * layer + 768 + 2L * 256 * 768);
        assertThat(base.sequence()).isEqualTo(512);
        assertThat(base.headDim()).isEqualTo(64);
    }

    @Test
    void a_tied_head_lives_in_one_stage_only() {
        ModelSpec tied = ModelSpec.NANO.withTiedHead(true);
        StagePlan.Slice whole = StagePlan.of(3, 1).slice(0);
        assertThat(ParameterLayout.of(tied, whole).has(ParameterLayout.HEAD)).isFalse();
        assertThat(ParameterLayout.of(ModelSpec.NANO, whole).length() - tied.parameters())
                .isEqualTo(256L * 32);
        assertThatThrownBy(() -> ParameterLayout.of(tied, StagePlan.of(3, 3).slice(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected 1 stage, got 3");
    }

    @Test
    void what_a_workspace_takes_is_known_without_memory() {
        StagePlan.Slice whole = StagePlan.of(32, 1).slice(0);
        // 32 layers keep 32 heads x 8192 x 8192 probabilities of every sequence: more than any machine of ours has.
        assertThat(Workspace.bytes(ModelSpec.LLAMA_8B, whole, 1)).isGreaterThan(32L * 32 * 8192 * 8192);
        assertThat(Workspace.bytes(ModelSpec.NANO, StagePlan.of(3, 1).slice(0), 1))
                .isBetween(100_000L, 10_000_000L);
    }
}
