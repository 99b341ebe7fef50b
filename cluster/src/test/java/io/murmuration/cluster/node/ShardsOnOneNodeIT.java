package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.node.ProcessSwarm.Told;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes with two shards each, and one that only leads and trains: its vote is needed when one of them dies. */
@Tag("cluster")
@Timeout(240)
final class ShardsOnOneNodeIT {

    private static final Duration START = Duration.ofSeconds(90);
    private static final Duration SOON = Duration.ofSeconds(45);

    /** Of each stage the nodes of its replicas. */
    private static List<List<String>> nodes(Told roster) {
        List<List<String>> stages = new ArrayList<>();
        for (JsonNode stage : roster.line().path("stages")) {
            List<String> nodes = new ArrayList<>();
            stage.forEach(member -> nodes.add(member.asText().split(":")[0]));
            stages.add(nodes);
        }
        return stages;
    }

    private static Told lastRoster(ProcessSwarm swarm) {
        return swarm.since(0, line -> line.is("roster")).getLast();
    }

    @Test
    void each_stage_has_its_replicas_on_two_nodes_so_that_one_may_be_killed_and_come_back(@TempDir Path folder)
            throws Exception {
        try (ProcessSwarm swarm =
                new ProcessSwarm(folder, "swarm { stages = 2, replicas = 2, trainers = 1 }\nnode.shards = 2")) {
            swarm.set("n1", "node.roles=coordinator,trainer");
            for (String name : List.of("n2", "n3")) {
                swarm.set(name, "node.roles=coordinator,shard");
            }
            long began = System.currentTimeMillis();
            swarm.start("n1", "n2", "n3");
            Told whole = swarm.awaitShards(began, 4, START);
            swarm.awaitCount("step", whole.time(), 5, SOON, line -> line.is("stepCommitted"));
            assertThat(nodes(lastRoster(swarm))).hasSize(2).allSatisfy(stage -> assertThat(stage)
                    .containsExactly("n2", "n3"));

            long killed = System.currentTimeMillis();
            swarm.kill("n3");
            Told two = swarm.awaitShards(killed, 2, SOON);
            swarm.awaitCount("step", two.time(), 3, SOON, line -> line.is("stepCommitted"));
            assertThat(nodes(lastRoster(swarm))).containsExactly(List.of("n2"), List.of("n2"));

            long started = System.currentTimeMillis();
            swarm.start("n3");
            Told again = swarm.awaitShards(started, 4, START);
            swarm.awaitCount("step", again.time(), 3, SOON, line -> line.is("stepCommitted"));
            assertThat(nodes(lastRoster(swarm)))
                    .allSatisfy(stage -> assertThat(stage).containsExactly("n2", "n3"));
            assertThat(swarm.since(began, line -> line.is("rolledBack"))).isEmpty();
            System.out.printf(
                    "[process test] 2 nodes of 2 shards: 4 shards after %d ms; after SIGKILL of one step with 2 after %d ms,"
                            + " with 4 %d ms after its start%n",
                    whole.time() - began, two.time() - killed, again.time() - started);

            List<Told> told = swarm.told();
            Map<Long, Told> steps = SwarmChecks.sound(told);
            assertThat(steps).hasSizeGreaterThan(10);
            TreeSet<String> applied = new TreeSet<>();
            told.stream()
                    .filter(line -> line.is("applied"))
                    .forEach(line -> applied.add(line.text("member").split("#")[0]));
            assertThat(applied).containsExactly("n2:shard", "n2:shard-2", "n3:shard", "n3:shard-2");
        }
    }
}
