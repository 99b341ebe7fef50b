package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.node.NodesInOneProcess.Running;
import io.murmuration.cluster.serialization.ControlCodec;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Fewer coordinators than half of those that are planned begin nothing, and more than planned are not let in. */
@Tag("cluster")
@Timeout(180)
final class CoordinatorQuorumIT {

    private static final int PROTOCOL = ControlCodec.PROTOCOL_VERSION;
    private static final String ALL = "coordinator,trainer,shard";
    private static final String[] OF_THREE = {
        "swarm.stages=1",
        "swarm.replicas=2",
        "swarm.trainers=1",
        "node.coordinators=3",
        "limits.gather-wait=1s",
        "node.join-wait=15s"
    };

    @TempDir
    private Path folder;

    private static NodeLife.Outcome outcome(Running node) throws Exception {
        return node.outcome().get(120, TimeUnit.SECONDS);
    }

    private static void awaitAlone(Running node) throws InterruptedException {
        NodesInOneProcess.await(() -> node.shown()
                .contains("waiting for more coordinators: of 3 that are planned (node.coordinators) it takes 2"));
        assertThat(node.outcome()).isNotDone();
        assertThat(node.status().orElseThrow().joined()).isFalse();
    }

    @Test
    void one_coordinator_of_three_begins_nothing_until_a_second_one_comes() throws Exception {
        int port = NodesInOneProcess.freePort();
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running first = nodes.start(NodesInOneProcess.settings("one", ALL, port, port, OF_THREE), 1, PROTOCOL);
            Running worker = nodes.start(NodesInOneProcess.settings("work", "shard", 0, port, OF_THREE), 1, PROTOCOL);
            awaitAlone(first);
            awaitAlone(worker);
            assertThat(first.shown()).doesNotContain("step 1/6");
            Running second = nodes.start(NodesInOneProcess.settings("two", ALL, 0, port, OF_THREE), 1, PROTOCOL);
            assertThat(outcome(first).end()).as(first.shown()).isEqualTo(NodeLife.End.FINISHED);
            assertThat(outcome(second)).isEqualTo(outcome(first));
        }
    }

    /** As after a cut: it could reach nobody and has begun a cluster of its own, which is empty. */
    @Test
    void a_first_seed_that_waits_alone_comes_to_the_cluster_that_goes_on_without_it() throws Exception {
        int alone = NodesInOneProcess.freePort();
        int elsewhere = NodesInOneProcess.freePort();
        String[] more =
                Stream.concat(Stream.of(OF_THREE), Stream.of("steps=200")).toArray(String[]::new);
        String[] both = Stream.concat(
                        Stream.of(more), Stream.of("node.seeds=127.0.0.1:" + alone + ",127.0.0.1:" + elsewhere))
                .toArray(String[]::new);
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running cut = nodes.start(NodesInOneProcess.settings("cut", ALL, alone, alone, both), 1, PROTOCOL);
            awaitAlone(cut);
            nodes.start(NodesInOneProcess.settings("two", ALL, elsewhere, elsewhere, more), 1, PROTOCOL);
            nodes.start(NodesInOneProcess.settings("three", ALL, 0, elsewhere, more), 1, PROTOCOL);
            assertThat(outcome(cut).end()).as(cut.shown()).isEqualTo(NodeLife.End.ASTRAY);
            assertThat(outcome(cut).message())
                    .matches("node cut waited alone, while node (two|three) is in a cluster that goes on");
        }
    }

    @Test
    void who_plans_otherwise_or_is_one_too_many_is_turned_away() throws Exception {
        int port = NodesInOneProcess.freePort();
        String[] one = {"swarm.stages=1", "swarm.replicas=2", "swarm.trainers=1"};
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running hub = nodes.start(NodesInOneProcess.settings("hub", ALL, port, port, one), 1, PROTOCOL);
            Running surplus = nodes.start(NodesInOneProcess.settings("surplus", ALL, 0, port, one), 1, PROTOCOL);
            Running other = nodes.start(
                    NodesInOneProcess.settings(
                            "other", "shard", 0, port, one[0], one[1], one[2], "node.coordinators=3"),
                    1,
                    PROTOCOL);
            assertThat(outcome(surplus).end()).isEqualTo(NodeLife.End.REFUSED);
            assertThat(outcome(surplus).message())
                    .contains(
                            "it has the role coordinator, and the cluster has the 1 that are planned (node.coordinators)");
            assertThat(outcome(other).end()).isEqualTo(NodeLife.End.REFUSED);
            assertThat(outcome(other).message()).contains("its node.coordinators is 3, the cluster's 1");
            hub.stop().request();
            assertThat(outcome(hub).end()).isEqualTo(NodeLife.End.LEFT);
        }
    }
}
