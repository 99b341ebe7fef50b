package io.murmuration.cluster.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.MemoryLimit;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {

    @Test
    void every_vector_of_every_shard_is_counted() {
        MemoryPlan plan =
                MemoryPlan.of(SettingsLoader.defaultsWith("model.preset=base", "swarm.stages=3", "swarm.replicas=2"));
        long parameters = plan.parameters();
        // One vector of weights, three of gradients (the third for what is computed again), two of the optimiser's;
        // weights
        // and optimiser once more as they were before the last update.
        long shards =
                plan.stages().stream().mapToLong(MemoryPlan.StageMemory::shard).sum()
                        - plan.stages().stream()
                                .mapToLong(MemoryPlan.StageMemory::activations)
                                .sum();
        assertThat(shards).isEqualTo(parameters * 4 * 9);
        assertThat(plan.checkpoint()).isEqualTo(parameters * 4 * 3);
        assertThat(plan.total())
                .isEqualTo(2
                                * plan.stages().stream()
                                        .mapToLong(MemoryPlan.StageMemory::shard)
                                        .sum()
                        + (2 + 1) * parameters * 4 * 3);
        MemoryPlan alone =
                MemoryPlan.of(SettingsLoader.defaultsWith("model.preset=base", "swarm.stages=1", "swarm.replicas=1"));
        assertThat(alone.parameters()).isEqualTo(parameters);
        assertThat(alone.stages().getFirst().gradients()).isEqualTo(parameters * 4 * 2);
        assertThat(alone.total()).isLessThan(plan.total());
    }

    @Test
    void a_subspace_takes_its_fixed_part_in_every_stage_and_saves_in_parameters_and_boundaries() {
        MemoryPlan whole = MemoryPlan.of(SettingsLoader.defaultsWith("model.preset=base"));
        MemoryPlan inside = MemoryPlan.of(SettingsLoader.defaultsWith("model.preset=base", "model.subspace=96"));
        // base: 256 ids, width 768, ffn 2048, 512 tokens, 12 layers in 3 stages; microbatches of 2.
        long tokens = 2 * 512;
        long scratch = tokens * (768 + 96);
        long fixed = (256 + 96) * 768;
        long boundaries = 4 * tokens * (768 - 96);
        assertThat(inside.stages().get(1).activations() - whole.stages().get(1).activations())
                .isEqualTo(4 * (scratch + fixed - boundaries));
        assertThat(whole.parameters() - inside.parameters()).isEqualTo((768 - 96) * (256 + 12 * (768 + 2048)));
        assertThat(inside.total()).isLessThan(whole.total());
    }

    @Test
    void what_does_not_fit_is_refused_with_the_arithmetic_in_one_line() {
        RunSettings settings = SettingsLoader.defaultsWith("model.preset=llama-8b", "compute.memory=64 GiB");
        MemoryLimit limit = MemoryLimit.of(settings);
        assertThatThrownBy(() -> limit.require(MemoryPlan.of(settings)))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("stage 0: 2,924,568,576 parameters; 2 x (weights 10.89 GiB + gradients 32.68 GiB"
                        + " + optimiser 21.79 GiB + before 32.68 GiB + activations ")
                .hasMessageContaining("stage 2: ")
                .hasMessageContaining("checkpoint: 89.75 GiB; in all: 8,030,261,248 parameters, ")
                .hasMessageContaining("of which 64.00 GiB are available (compute.memory)")
                .hasMessageNotContaining("\n");
    }

    @Test
    void a_shape_beyond_all_measure_is_refused_too() {
        RunSettings settings = SettingsLoader.defaultsWith(
                "model.dim=1048576",
                "model.layers=4096",
                "model.ffn=1048576",
                "model.sequence=64",
                "model.heads=1024",
                "swarm.replicas=64");
        assertThatThrownBy(() -> MemoryLimit.of(settings).require(MemoryPlan.of(settings)))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("the model does not fit: ");
        assertThatThrownBy(() -> SettingsLoader.defaultsWith("model.dim=1048576", "model.sequence=1048576"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("batch.microbatch x model.sequence x model.dim is 2199023255552");
    }

    @Test
    void without_a_setting_the_system_is_asked() {
        MemoryLimit limit = MemoryLimit.of(SettingsLoader.defaultsWith());
        assertThat(limit.bytes()).isBetween(1L << 20, 1L << 50);
        assertThat(limit.from()).isNotBlank();
        limit.require(MemoryPlan.of(SettingsLoader.defaultsWith("model.preset=nano")));
    }
}
