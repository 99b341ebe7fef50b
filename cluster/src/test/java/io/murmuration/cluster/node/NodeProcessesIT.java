package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.node.NodeProcesses.Running;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes on loopback: control over Artery, tensors over TCP. */
@Tag("cluster")
@Timeout(240)
final class NodeProcessesIT {

    @TempDir
    private Path folder;

    private ThreeStages nodes;

    @BeforeEach
    void configure() {
        nodes = new ThreeStages(folder);
    }

    @Test
    void three_nodes_finish_a_run_and_say_the_same_while_a_stranger_is_turned_away() throws Exception {
        Path config = nodes.config("murmuration { steps = 6, checkpoint.every = 3 }");
        try (NodeProcesses processes = new NodeProcesses(folder)) {
            Running hub = processes.start("hub", nodes.hub(config));
            Running stranger = processes.start("stranger", ThreeStages.node(config, "stranger", "seed=2"));
            assertThat(stranger.exit()).as(stranger.all()).isEqualTo(2);
            assertThat(stranger.errors())
                    .startsWith("murmuration: node hub turns this node away: its run is ")
                    .contains(", the cluster trains run ")
                    .hasLineCount(1);
            Running first = processes.start("a", ThreeStages.node(config, "a"));
            Running second = processes.start("b", ThreeStages.node(config, "b"));

            assertThat(hub.exit()).as(hub.all()).isZero();
            assertThat(first.exit()).as(first.all()).isZero();
            assertThat(second.exit()).as(second.all()).isZero();
            assertThat(hub.lastLine()).startsWith("the run is finished: version 6, loss 5.");
            assertThat(first.lastLine()).isEqualTo(hub.lastLine());
            assertThat(second.lastLine()).isEqualTo(hub.lastLine());
            assertThat(folder.resolve("nodes/hub/swarm-1/checkpoints/step-00000006"))
                    .isDirectory();
        }
    }

    @Test
    void with_certificates_only_nodes_of_the_cluster_get_in_and_a_node_that_is_asked_to_go_goes() throws Exception {
        Path config = nodes.config();
        try (NodeProcesses processes = new NodeProcesses(folder)) {
            assertThat(processes
                            .start("keys", List.of("keys", "--out", "keys", "hub", "a"))
                            .exit())
                    .isZero();
            assertThat(processes
                            .start("other", List.of("keys", "--out", "other", "spy"))
                            .exit())
                    .isZero();
            Running hub = processes.start("hub", nodes.hub(config, keys("keys", "hub")));
            hub.await("node hub is in the cluster");
            Running spy = processes.start("spy", ThreeStages.node(config, "spy", keys("other", "spy")));
            Running plain = processes.start("plain", ThreeStages.node(config, "plain", "node.join-wait=3s"));
            Running first = processes.start("a", ThreeStages.node(config, "a", keys("keys", "a")));
            first.await("node a is in the cluster");

            assertThat(spy.exit()).as(spy.all()).isEqualTo(2);
            assertThat(spy.errors()).contains("certificate").contains("node.tls");
            assertThat(plain.exit()).as(plain.all()).isEqualTo(2);
            assertThat(plain.errors()).contains("node.tls");
            first.process().destroy();
            assertThat(first.exit()).as(first.all()).isZero();
            assertThat(first.lastLine()).isEqualTo("node a has left");
            hub.process().destroy();
            assertThat(hub.exit()).as(hub.all()).isZero();
        }
    }

    private static String[] keys(String folder, String name) {
        return new String[] {
            "node.tls.authority=" + folder + "/ca.pem",
            "node.tls.certificate=" + folder + "/" + name + ".pem",
            "node.tls.key=" + folder + "/" + name + ".key.pem"
        };
    }
}
