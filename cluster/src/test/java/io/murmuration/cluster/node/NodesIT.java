package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.node.NodesInOneProcess.Running;
import io.murmuration.cluster.serialization.ControlCodec;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real Artery and a real Pekko Cluster on loopback, one actor system a node. */
@Tag("cluster")
@Timeout(180)
final class NodesIT {

    private static final int PROTOCOL = ControlCodec.PROTOCOL_VERSION;

    private static final String[] THREE_STAGES = {"swarm.stages=3", "swarm.replicas=1", "swarm.trainers=1"};

    @TempDir
    private Path folder;

    private static NodeLife.Outcome outcome(Running node) throws Exception {
        return node.outcome().get(120, TimeUnit.SECONDS);
    }

    @Test
    void three_nodes_train_together_and_end_by_themselves_with_the_same_result() throws Exception {
        int port = NodesInOneProcess.freePort();
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running hub = nodes.start(
                    NodesInOneProcess.settings("hub", "coordinator,trainer,shard", port, port, THREE_STAGES),
                    1,
                    PROTOCOL);
            Running first = nodes.start(NodesInOneProcess.settings("a", "shard", 0, port, THREE_STAGES), 1, PROTOCOL);
            Running second = nodes.start(NodesInOneProcess.settings("b", "shard", 0, port, THREE_STAGES), 1, PROTOCOL);

            NodeLife.Outcome ended = outcome(hub);
            assertThat(ended.end()).as(hub.shown()).isEqualTo(NodeLife.End.FINISHED);
            assertThat(ended.message()).startsWith("the run is finished: version 6, loss 5.");
            assertThat(outcome(first)).isEqualTo(ended);
            assertThat(outcome(second)).isEqualTo(ended);
            assertThat(hub.shown()).contains("step 1/6").contains("step 6/6");
        }
    }

    @Test
    void who_speaks_another_protocol_or_trains_another_run_is_told_so() throws Exception {
        int port = NodesInOneProcess.freePort();
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running hub = nodes.start(
                    NodesInOneProcess.settings("hub", "coordinator,trainer,shard", port, port, THREE_STAGES),
                    1,
                    PROTOCOL);
            Running newer =
                    nodes.start(NodesInOneProcess.settings("newer", "shard", 0, port, THREE_STAGES), 1, PROTOCOL + 1);
            Running other = nodes.start(
                    NodesInOneProcess.settings(
                            "other",
                            "shard",
                            0,
                            port,
                            "swarm.stages=3",
                            "swarm.replicas=1",
                            "swarm.trainers=1",
                            "seed=2"),
                    1,
                    PROTOCOL);
            Running twin = nodes.start(NodesInOneProcess.settings("hub", "shard", 0, port, THREE_STAGES), 2, PROTOCOL);

            assertThat(outcome(newer))
                    .isEqualTo(new NodeLife.Outcome(
                            NodeLife.End.REFUSED,
                            "node hub turns this node away: it speaks protocol version " + (PROTOCOL + 1)
                                    + ", the cluster speaks version " + PROTOCOL
                                    + ": start the same version of Murmuration everywhere"));
            assertThat(outcome(other).end()).isEqualTo(NodeLife.End.REFUSED);
            assertThat(outcome(other).message()).contains("its run is ").contains(", the cluster trains run ");
            assertThat(outcome(twin).end()).isEqualTo(NodeLife.End.REFUSED);
            assertThat(outcome(twin).message()).contains("there is a node called hub already");
            hub.stop().request();
            assertThat(outcome(hub).end()).isEqualTo(NodeLife.End.LEFT);
        }
    }

    /** Both wait for the seed, which lets them in before it knows either of them. */
    @Test
    void of_two_nodes_of_one_name_that_start_at_once_one_goes_on_and_the_other_is_told_why() throws Exception {
        int port = NodesInOneProcess.freePort();
        String[] endless = {"swarm.stages=1", "swarm.replicas=1", "swarm.trainers=1", "steps=100000"};
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            List<Running> twins = List.of(
                    nodes.start(NodesInOneProcess.settings("a", "shard", 0, port, endless), 1, PROTOCOL),
                    nodes.start(NodesInOneProcess.settings("a", "shard", 0, port, endless), 2, PROTOCOL));
            Running hub = nodes.start(
                    NodesInOneProcess.settings("hub", "coordinator,trainer,shard", port, port, endless), 1, PROTOCOL);

            NodeLife.Outcome refused = (NodeLife.Outcome) CompletableFuture.anyOf(
                            twins.getFirst().outcome(), twins.getLast().outcome())
                    .get(60, TimeUnit.SECONDS);
            assertThat(refused.end()).as(refused.message()).isEqualTo(NodeLife.End.REFUSED);
            assertThat(refused.message())
                    .contains("there is a node called a already, at pekko://murmuration@127.0.0.1:")
                    .endsWith(": names are unique in a cluster");
            assertThatThrownBy(() -> NodeRunner.result(refused))
                    .as("exit code 2")
                    .isInstanceOf(UserError.class)
                    .hasMessage(refused.message());

            Running other = twins.stream()
                    .filter(twin -> !twin.outcome().isDone())
                    .findFirst()
                    .orElseThrow();
            NodesInOneProcess.await(() -> other.status()
                    .filter(status -> status.ready() && status.run().version() > 2)
                    .isPresent());
            NodesInOneProcess.await(() -> hub.status()
                    .filter(status -> status.nodes().stream()
                            .map(NodeStatus.Seen::name)
                            .toList()
                            .equals(List.of("a", "hub")))
                    .isPresent());
            assertThat(other.outcome()).isNotDone();
        }
    }

    /** The first of the seeds does not wait for an answer to its greeting, because it may have to begin the cluster. */
    @Test
    void the_first_seed_that_comes_back_in_another_version_is_told_both_versions() throws Exception {
        int first = NodesInOneProcess.freePort();
        int second = NodesInOneProcess.freePort();
        String[] settings = {
            "swarm.stages=1",
            "swarm.replicas=1",
            "swarm.trainers=1",
            "steps=100000",
            "node.coordinators=2",
            "limits.leave-wait=1s",
            "node.seeds=127.0.0.1:" + first + ",127.0.0.1:" + second
        };
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running a = nodes.start(
                    NodesInOneProcess.settings("a", "coordinator,trainer", first, first, settings), 1, PROTOCOL);
            Running b = nodes.start(
                    NodesInOneProcess.settings("b", "coordinator,trainer,shard", second, first, settings), 1, PROTOCOL);
            NodesInOneProcess.await(() ->
                    b.status().filter(status -> status.run().version() > 0).isPresent());
            a.stop().request();
            assertThat(outcome(a).end()).isEqualTo(NodeLife.End.LEFT);

            Running newer = nodes.start(
                    NodesInOneProcess.settings("a", "coordinator,trainer", first, first, settings), 2, PROTOCOL + 1);
            assertThat(outcome(newer).end()).isEqualTo(NodeLife.End.REFUSED);
            assertThat(outcome(newer).message())
                    .contains("version " + (PROTOCOL + 1))
                    .contains("version " + PROTOCOL + ":");
            b.stop().request();
            assertThat(outcome(b).end()).isEqualTo(NodeLife.End.LEFT);
        }
    }

    @Test
    void a_cluster_that_is_started_again_when_its_run_is_over_ends_at_once_with_the_same_result() throws Exception {
        int port = NodesInOneProcess.freePort();
        String[] alone = {"swarm.stages=1", "swarm.replicas=1", "swarm.trainers=1", "checkpoint.every=3"};
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running first = nodes.start(
                    NodesInOneProcess.settings("hub", "coordinator,trainer,shard", port, port, alone), 1, PROTOCOL);
            NodeLife.Outcome ended = outcome(first);
            assertThat(ended.end()).as(first.shown()).isEqualTo(NodeLife.End.FINISHED);
            Running again = nodes.start(
                    NodesInOneProcess.settings("hub", "coordinator,trainer,shard", port, port, alone), 2, PROTOCOL);
            assertThat(outcome(again).end()).as(again.shown()).isEqualTo(NodeLife.End.FINISHED);
            assertThat(outcome(again).message())
                    .startsWith("the run is finished: version 6, ")
                    .endsWith(ended.message().substring(ended.message().indexOf("digest")));
        }
    }

    @Test
    void a_seed_that_is_not_there_is_named_with_what_was_found() throws Exception {
        int nobody = NodesInOneProcess.freePort();
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running lost = nodes.start(
                    NodesInOneProcess.settings("lost", "shard", 0, nobody, "node.join-wait=2s"), 1, PROTOCOL);

            assertThat(outcome(lost).end()).isEqualTo(NodeLife.End.UNREACHED);
            assertThat(outcome(lost).message())
                    .isEqualTo("no seed of 127.0.0.1:" + nobody + " let this node in within 2 s (node.join-wait): "
                            + "[127.0.0.1:" + nobody
                            + " refuses connections: nobody listens there (not started yet, or the run is over)]");
        }
    }

    @Test
    void a_control_port_in_use_is_named() throws Exception {
        int port = NodesInOneProcess.freePort();
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder);
                java.net.ServerSocket taken =
                        new java.net.ServerSocket(port, 1, java.net.InetAddress.getByName("127.0.0.1"))) {
            Running node = nodes.start(NodesInOneProcess.settings("n", "shard", port, port), 1, PROTOCOL);

            assertThat(taken.isBound()).isTrue();
            assertThatThrownBy(() -> outcome(node))
                    .hasMessageContaining("cannot listen on 127.0.0.1:" + port
                            + " for the control plane (node.control): the port is in use by another process");
        }
    }

    /** One of two trainers and of two replicas goes while the run is under way: nothing is lost with it. */
    @Test
    void who_is_asked_to_leave_hands_over_and_the_run_goes_on() throws Exception {
        int port = NodesInOneProcess.freePort();
        String[] pair = {"swarm.stages=1", "swarm.replicas=3", "swarm.trainers=1", "steps=40"};
        try (NodesInOneProcess nodes = new NodesInOneProcess(folder)) {
            Running hub = nodes.start(
                    NodesInOneProcess.settings("hub", "coordinator,trainer,shard", port, port, pair), 1, PROTOCOL);
            Running stays = nodes.start(NodesInOneProcess.settings("a", "shard", 0, port, pair), 1, PROTOCOL);
            Running goes = nodes.start(NodesInOneProcess.settings("b", "shard", 0, port, pair), 1, PROTOCOL);
            NodesInOneProcess.await(() ->
                    goes.status().filter(status -> status.run().version() > 2).isPresent());
            goes.stop().request();

            assertThat(outcome(goes).end()).isEqualTo(NodeLife.End.LEFT);
            NodeLife.Outcome ended = outcome(hub);
            assertThat(ended.end()).as(hub.shown()).isEqualTo(NodeLife.End.FINISHED);
            assertThat(outcome(stays)).isEqualTo(ended);
            assertThat(List.of(hub.shown().split("\n")))
                    .anyMatch(line -> line.contains("b:shard#1000000 left at version "));
        }
    }
}
