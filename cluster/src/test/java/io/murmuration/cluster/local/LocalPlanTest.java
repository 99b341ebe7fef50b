package io.murmuration.cluster.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.config.UserError;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.io.TempDir;

final class LocalPlanTest {

    private static long with(LocalPlan plan, Role role) {
        return plan.nodes().stream().filter(node -> node.roles().contains(role)).count();
    }

    @Property
    void every_cluster_has_a_quorum_and_a_shard_for_every_stage(
            @ForAll @IntRange(min = 1, max = 64) int nodes,
            @ForAll @IntRange(min = 1, max = 4) int shards,
            @ForAll @IntRange(min = 1, max = 8) int stages) {
        int[] port = {1000};
        LocalPlan plan = LocalPlan.of(nodes, shards, stages, () -> port[0]++);
        assertThat(plan.nodes()).hasSize(nodes);
        assertThat(with(plan, Role.COORDINATOR)).isEqualTo(nodes >= 3 ? 3 : 1);
        assertThat(with(plan, Role.TRAINER)).isEqualTo(plan.coordinators());
        assertThat(plan.quorum()).isEqualTo(nodes >= 3 ? 2 : 1);
        assertThat(plan.stages()).isBetween(1, stages);
        assertThat((long) plan.stages() * plan.replicas()).isBetween(1L, shards * with(plan, Role.SHARD));
        assertThat(plan.nodes()).noneMatch(node -> node.roles().isEmpty());
        assertThat(plan.nodes().stream()
                        .flatMap(node -> java.util.stream.Stream.of(node.control(), node.data(), node.http())))
                .doesNotHaveDuplicates();
    }

    @Example
    void six_nodes_and_three_stages_have_two_replicas_of_each() {
        LocalPlan plan = LocalPlan.of(6, 1, 3, () -> 1);
        assertThat(plan.replicas()).isEqualTo(2);
        assertThat(plan.settings(plan.nodes().getLast(), Path.of("/runs/x")))
                .contains("node.name=node-6", "node.roles=shard", "swarm.replicas=2", "node.coordinators=3");
    }

    @Example
    void with_two_shards_on_each_node_two_that_compute_are_enough_for_two_stages() {
        LocalPlan plan = LocalPlan.of(5, 2, 2, () -> 1);
        assertThat(with(plan, Role.SHARD)).isEqualTo(2);
        assertThat(plan.stages()).isEqualTo(2);
        assertThat(plan.replicas()).isEqualTo(2);
        assertThat(with(LocalPlan.of(4, 4, 2, () -> 1), Role.SHARD))
                .as("no stage would outlive the only one")
                .isEqualTo(4);
    }

    @Example
    void no_nodes_are_no_cluster() {
        assertThatThrownBy(() -> LocalPlan.of(0, 1, 3, () -> 1))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("--nodes 0");
    }

    @Example
    void free_ports_are_different_and_below_those_of_outgoing_connections() {
        FreePorts ports = new FreePorts(new SplittableRandom(1));
        int first = ports.getAsInt();
        assertThat(first).isBetween(20_000, 32_000);
        assertThat(ports.getAsInt()).isNotEqualTo(first);
    }

    @org.junit.jupiter.api.Test
    void what_is_written_of_a_cluster_is_read_again(@TempDir Path folder) {
        LocalPlan plan = LocalPlan.of(2, 1, 2, new FreePorts(new SplittableRandom(2)));
        ClusterFile.write(folder, plan, Map.of("node-2", 77L));
        ClusterFile read = ClusterFile.read(folder);
        assertThat(read.nodes()).extracting(ClusterFile.Node::name).containsExactly("node-1", "node-2");
        assertThat(read.nodes().getFirst().pid()).isEmpty();
        assertThat(read.nodes().getLast().pid()).contains(77L);
        assertThat(read.nodes().getFirst().roles()).containsExactly("coordinator", "trainer", "shard");
        assertThat(read.urls(Optional.of("node-2")))
                .containsExactly(plan.nodes().getLast().url());
        assertThatThrownBy(() -> ClusterFile.read(folder.resolve("nowhere"))).isInstanceOf(UserError.class);
    }
}
