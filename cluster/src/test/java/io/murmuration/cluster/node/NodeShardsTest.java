package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.compute.MemoryPlan;
import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.MemoryLimit;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class NodeShardsTest {

    private static LoadedNode node(String... assignments) {
        SettingsLoader loader =
                SettingsLoader.of(Map.of()).set("node.name", "n", "test").set("model.preset", "nano", "test");
        for (String assignment : assignments) {
            loader = loader.set(assignment, "test");
        }
        return loader.loadNode();
    }

    private static NodeShards shards(LoadedNode loaded, long bytes) {
        return NodeShards.of(loaded.node(), loaded.run(), new MemoryLimit(bytes, "the test"));
    }

    /** What so many take on a node that keeps checkpoints too. */
    private static long bytes(LoadedNode loaded, int shards) {
        return MemoryPlan.ofNode(loaded.run(), shards, true).total();
    }

    @Test
    void auto_is_as_many_as_fit_into_memory_and_its_arithmetic_is_told_in_a_line() {
        LoadedNode loaded = node("node.shards=auto", "compute.threads=64");
        assertThat(shards(loaded, bytes(loaded, 3)).number()).isEqualTo(3);
        assertThat(shards(loaded, bytes(loaded, 4) - 1).number()).isEqualTo(3);
        assertThat(shards(loaded, bytes(loaded, 1)).number()).isEqualTo(1);
        assertThat(shards(loaded, 1L << 50).number()).isEqualTo(16);
        assertThat(shards(loaded, bytes(loaded, 3)).arithmetic()).hasValueSatisfying(line -> assertThat(line)
                .startsWith("node.shards = auto: 3, with ")
                .contains(MemoryPlan.size(bytes(loaded, 3)) + " (the test), 64 compute threads")
                .doesNotContain("\n"));
    }

    @Test
    void auto_is_no_more_than_there_are_threads() {
        assertThat(shards(node("node.shards=auto", "compute.threads=2"), 1L << 50)
                        .number())
                .isEqualTo(2);
    }

    @Test
    void memory_that_does_not_suffice_for_one_is_refused_with_auto_too() {
        LoadedNode loaded = node("node.shards=auto", "compute.threads=4");
        assertThatThrownBy(() -> shards(loaded, bytes(loaded, 1) - 1))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("the model does not fit: ");
    }

    @Test
    void a_number_that_memory_does_not_allow_is_refused_in_one_line() {
        LoadedNode loaded = node("node.shards=2");
        assertThat(shards(loaded, bytes(loaded, 2)).number()).isEqualTo(2);
        assertThat(shards(loaded, bytes(loaded, 2)).arithmetic()).isEmpty();
        assertThatThrownBy(() -> shards(loaded, bytes(loaded, 2) - 1))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("; 2 x (weights ")
                .hasMessageContaining("; fewer node.shards, a smaller batch.microbatch")
                .hasMessageNotContaining("\n");
    }

    @Test
    void without_the_role_it_runs_none_whatever_the_number() {
        LoadedNode loaded = node("node.shards=2", "node.roles=coordinator,trainer");
        assertThat(shards(loaded, bytes(loaded, 0)).number()).isZero();
    }
}
