package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.node.ProcessSwarm.Told;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The one test with twelve processes: a third of them is killed at once. */
@Tag("cluster")
@Timeout(480)
final class TwelveNodesIT {

    private static final Duration SOON = Duration.ofSeconds(90);
    /** Twelve JVMs take a minute of two idle cores until they take part, and share them with whatever else is built. */
    private static final Duration START = Duration.ofSeconds(240);

    @ParameterizedTest(name = "staleness {0}")
    @ValueSource(ints = {0, 2})
    void four_of_twelve_nodes_killed_at_once_cost_no_step_and_come_back(int staleness, @TempDir Path folder)
            throws Exception {
        String settings = "swarm { stages = 3, replicas = 4, trainers = 2, staleness = " + staleness + " }";
        String[] all =
                IntStream.rangeClosed(1, 12).mapToObj(number -> "n" + number).toArray(String[]::new);
        try (ProcessSwarm swarm = new ProcessSwarm(folder, settings)) {
            long began = System.currentTimeMillis();
            swarm.start(all);
            Told whole = swarm.awaitShards(began, 12, START);
            swarm.awaitCount("step", whole.time(), 3, SOON, line -> line.is("stepCommitted"));
            String leader = swarm.leader();
            // One that might lead but does not, and three that only compute, of two stages at most: no stage is lost.
            String bystander = leader.equals("n3") ? "n2" : "n3";
            List<String> victims = List.of(bystander, "n10", "n11", "n12");
            long killed = System.currentTimeMillis();
            swarm.kill(victims.toArray(String[]::new));
            for (String victim : victims) {
                swarm.await("roster without " + victim, killed, SOON, line -> line.is("lost") && line.ofShard(victim));
            }
            Told eight = swarm.awaitShards(killed, 8, SOON);
            System.out.printf(
                    "[process test] 4 of 12 killed (%s): first step of the other eight after %d ms%n",
                    victims, eight.time() - killed);
            swarm.start(all);
            swarm.awaitShards(eight.time(), 12, START);
            List<Told> told = swarm.told();
            assertThat(told).noneMatch(line -> line.is("rolledBack") && line.time() >= killed);
            assertThat(told).noneMatch(line -> line.is("tookOver"));
            SwarmChecks.learns(SwarmChecks.sound(told));
        }
    }
}
