package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.murmuration.cluster.node.NodeProcesses.Running;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real node processes tell a real Zipkin, a collector of OpenTelemetry's protocol and a Prometheus what they do. */
@Tag("cluster")
@Timeout(300)
final class TelemetryIT {

    private static final Pattern SAMPLE =
            Pattern.compile("([a-zA-Z_:][a-zA-Z0-9_:]*)(\\{[^}]*})? (NaN|[-+]?Inf|[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)");

    @TempDir
    private Path folder;

    @Test
    void a_microbatch_is_one_trace_over_all_processes_and_the_numbers_can_be_scraped() throws Exception {
        ThreeStages nodes = new ThreeStages(folder);
        Path config = nodes.config("murmuration.telemetry { sample = 1, interval = 300ms }");
        int hubPage = NodesInOneProcess.freePort();
        int page = NodesInOneProcess.freePort();
        try (Zipkin zipkin = new Zipkin(folder);
                Collector collector = new Collector();
                NodeProcesses processes = new NodeProcesses(folder)) {
            String spans = "telemetry.zipkin.endpoint=" + zipkin.address();
            zipkin.await();
            Running hub = processes.start(
                    "hub",
                    nodes.hub(
                            config,
                            spans,
                            "telemetry.prometheus.enabled=true",
                            "telemetry.prometheus.port=" + hubPage));
            Running first = processes.start(
                    "a",
                    ThreeStages.node(
                            config,
                            "a",
                            spans,
                            "telemetry.prometheus.enabled=true",
                            "telemetry.prometheus.port=" + page));
            Running second = processes.start(
                    "b", ThreeStages.node(config, "b", spans, "telemetry.otlp.endpoint=" + collector.address()));

            List<JsonNode> trace = await(
                    () -> zipkin.traces("microbatch").stream()
                            .filter(TelemetryIT::whole)
                            .findFirst(),
                    () -> hub.all() + first.all() + second.all());
            everySpanBelongs(trace);
            String id = trace.getFirst().get("traceId").asText();
            assertThat(id).hasSize(32);
            await(
                    () -> Optional.of(id).filter(collector::has),
                    () -> "the collector got " + collector.bodies.size() + " requests\n" + second.all());
            await(() -> zipkin.traces("step").stream().findFirst(), hub::all);
            await(() -> zipkin.traces("averaging.round").stream().findFirst(), hub::all);
            Running taken = processes.start(
                    "c",
                    ThreeStages.node(
                            config, "c", "telemetry.prometheus.enabled=true", "telemetry.prometheus.port=" + page));
            assertThat(taken.exit()).as(taken.all()).isEqualTo(2);
            assertThat(taken.errors())
                    .contains("cannot listen on 127.0.0.1:" + page + " for Prometheus (telemetry.prometheus)");

            Map<String, Double> numbers = await(
                    () -> scrape(hubPage).filter(all -> all.getOrDefault("murmuration_run_steps_total", 0.0) > 0),
                    hub::all);
            assertThat(numbers).containsEntry("murmuration_run_participation", 1.0);
            assertThat(numbers.get("murmuration_run_loss{of=\"training\"}")).isBetween(1.0, 20.0);
            assertThat(numbers).containsEntry("murmuration_cluster_nodes", 3.0);
            assertThat(numbers).containsEntry("murmuration_cluster_unreachable", 0.0);
            assertThat(numbers.get("murmuration_roster_term")).isPositive();
            assertThat(numbers.get("murmuration_run_microbatches_total"))
                    .isEqualTo(8 * numbers.get("murmuration_run_steps_total"));
            Map<String, Double> worker = await(() -> scrape(page), first::all);
            assertThat(worker.keySet())
                    .anyMatch(name -> name.startsWith("murmuration_wire_bytes_total{")
                            && name.contains("class=\"forward\"")
                            && name.contains("codec=\"int8\"")
                            && name.contains("direction=\"received\""))
                    .anyMatch(name -> name.startsWith("murmuration_compute_task_seconds_bucket{"))
                    .anyMatch(name -> name.startsWith("murmuration_shard_queue{")
                            && name.contains("stage=")
                            && name.contains("peer=\"shard\""))
                    .anyMatch(name -> name.startsWith("murmuration_averaging_round_seconds_count"));
        }
    }

    /** Passes of a microbatch: forward through two stages, the loss, and back through both. */
    private static final int PASSES = 5;

    /** From the trainer to the loss and back; nodes send their spans at different times. */
    private static boolean whole(List<JsonNode> trace) {
        Set<String> ids = trace.stream().map(span -> span.get("id").asText()).collect(Collectors.toSet());
        return names(trace).containsAll(Set.of("microbatch", "send", "receive", "queue", "forward", "loss", "backward"))
                && passes(trace).size() == PASSES
                && services(trace).containsAll(Set.of("hub", "a", "b"))
                && trace.stream()
                        .allMatch(span -> !span.has("parentId")
                                || ids.contains(span.get("parentId").asText()));
    }

    private static List<JsonNode> passes(List<JsonNode> trace) {
        return trace.stream()
                .filter(span -> Set.of("forward", "loss", "backward")
                        .contains(span.get("name").asText()))
                .toList();
    }

    private static Set<String> names(List<JsonNode> trace) {
        return trace.stream().map(span -> span.get("name").asText()).collect(Collectors.toSet());
    }

    private static Set<String> services(List<JsonNode> trace) {
        return trace.stream()
                .map(span -> span.at("/localEndpoint/serviceName").asText())
                .collect(Collectors.toSet());
    }

    /** One root, and everything else lies in something that is there; every pass names its stage. */
    private static void everySpanBelongs(List<JsonNode> trace) {
        Set<String> ids = trace.stream().map(span -> span.get("id").asText()).collect(Collectors.toSet());
        assertThat(trace)
                .filteredOn(span -> !span.has("parentId"))
                .singleElement()
                .satisfies(root -> assertThat(root.get("name").asText()).isEqualTo("microbatch"));
        assertThat(trace).filteredOn(span -> span.has("parentId")).allSatisfy(span -> assertThat(ids)
                .contains(span.get("parentId").asText()));
        assertThat(passes(trace))
                .extracting(span ->
                        span.get("name").asText() + " " + span.at("/tags/stage").asText())
                .containsExactlyInAnyOrder("forward 0", "forward 1", "loss 2", "backward 1", "backward 0");
        assertThat(trace.stream()
                        .map(span -> span.at("/tags/microbatch").asText())
                        .distinct())
                .hasSize(1);
    }

    /** What a page says, by name and labels; fails if a line is neither a comment nor a number. */
    private static Optional<Map<String, Double>> scrape(int port) throws InterruptedException {
        return Zipkin.get(URI.create("http://127.0.0.1:" + port + "/metrics"))
                .filter(page -> page.contains("murmuration_wire_bytes_total"))
                .map(page -> {
                    Map<String, Double> numbers = new TreeMap<>();
                    page.lines()
                            .filter(line -> !line.isBlank() && !line.startsWith("#"))
                            .forEach(line -> {
                                Matcher sample = SAMPLE.matcher(line.strip());
                                assertThat(sample.matches()).as(line).isTrue();
                                String labels = Optional.ofNullable(sample.group(2))
                                        .filter(text -> !text.equals("{}"))
                                        .orElse("");
                                numbers.put(
                                        sample.group(1) + labels,
                                        Double.valueOf(sample.group(3).replace("Inf", "Infinity")));
                            });
                    return numbers;
                });
    }

    private static <T> T await(Callable<Optional<T>> condition, Callable<String> otherwise) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (true) {
            Optional<T> found = condition.call();
            if (found.isPresent()) {
                return found.get();
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("it did not come to be within two minutes:\n" + otherwise.call());
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    /** Takes what is sent by OpenTelemetry's protocol over HTTP, and keeps it as it came. */
    private static final class Collector implements AutoCloseable {
        private final Queue<byte[]> bodies = new ConcurrentLinkedQueue<>();
        private final HttpServer server;

        Collector() throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/v1/traces", exchange -> {
                try (exchange) {
                    bodies.add(exchange.getRequestBody().readAllBytes());
                    exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
                    exchange.sendResponseHeaders(200, -1);
                }
            });
            server.start();
        }

        String address() {
            return "http://127.0.0.1:" + server.getAddress().getPort();
        }

        /** Whether anything that came holds this id, sixteen bytes as they are. */
        boolean has(String trace) {
            String id = new String(HexFormat.of().parseHex(trace), StandardCharsets.ISO_8859_1);
            return bodies.stream().anyMatch(body -> new String(body, StandardCharsets.ISO_8859_1).contains(id));
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }
}
