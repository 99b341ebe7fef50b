package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Steps begin before others are over: which version a microbatch meets is chance, and only its bound and the loss can be compared. */
final class NodesUnderFireAsynchronouslyIT extends NodesUnderFire {

    private static final int MOST_STALE = 2;
    private static final Duration SEEN_WITHIN = Duration.ofSeconds(60);
    private static final Pattern COUNTED =
            Pattern.compile("murmuration_shard_gradients_total\\{.*staleness=\"(\\d+)\".*");

    /** Of the loss of the same step without faults. */
    private static final double NEAR = 0.03;

    private final int page = NodesInOneProcess.freePort();

    NodesUnderFireAsynchronouslyIT() {
        super("swarm.staleness = " + MOST_STALE);
    }

    @Override
    void prepare(ProcessSwarm nodes) {
        nodes.set(
                "n5",
                "telemetry.prometheus.enabled=true",
                "telemetry.prometheus.port=" + page,
                "telemetry.interval=300ms");
    }

    @Override
    void watch() throws InterruptedException {
        long deadline = System.nanoTime() + SEEN_WITHIN.toNanos();
        List<Integer> seen = staleness();
        while (seen.stream().noneMatch(versions -> versions > 0)) {
            assertThat(System.nanoTime() - deadline)
                    .as("nothing stale among %s", seen)
                    .isNegative();
            TimeUnit.MILLISECONDS.sleep(100);
            seen = staleness();
        }
        assertThat(seen).allMatch(versions -> versions <= MOST_STALE);
    }

    private List<Integer> staleness() throws InterruptedException {
        return Zipkin.get(URI.create("http://127.0.0.1:" + page + "/metrics"))
                .orElse("")
                .lines()
                .map(COUNTED::matcher)
                .filter(Matcher::matches)
                .map(line -> Integer.parseInt(line.group(1)))
                .toList();
    }

    @Override
    void compare(JsonNode step, JsonNode alone) {
        if (step.path("loss").isNumber()) {
            assertThat(step.path("loss").asDouble() / alone.path("loss").asDouble())
                    .as("%s, alone %s", step, alone)
                    .isBetween(1 - NEAR, 1 + NEAR);
        }
    }
}
