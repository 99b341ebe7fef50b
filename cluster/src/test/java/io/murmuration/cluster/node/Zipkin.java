package io.murmuration.cluster.node;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A real Zipkin server in a process of its own, on loopback, with its spans in memory. */
final class Zipkin implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    private final Process process;
    private final int port = NodesInOneProcess.freePort();
    private final Path log;

    Zipkin(Path folder) throws IOException {
        Path jar = Path.of(System.getProperty("zipkin.jar", "target/zipkin/zipkin-server.jar"));
        if (!Files.exists(jar)) {
            throw new AssertionError("expected " + jar + ": mvn pre-integration-test -pl cluster puts it there");
        }
        log = folder.resolve("zipkin.log");
        process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:+UseSerialGC",
                        "-jar",
                        jar.toAbsolutePath().toString(),
                        "--armeria.ports[0].address=127.0.0.1",
                        "--armeria.ports[0].port=" + port,
                        "--armeria.ports[0].protocols[0]=http")
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    /** Waits until it answers. */
    void await() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (get(URI.create(address() + "/health")).isEmpty()) {
            if (System.nanoTime() - deadline > 0 || !process.isAlive()) {
                throw new AssertionError("Zipkin did not start:\n" + Files.readString(log));
            }
            TimeUnit.MILLISECONDS.sleep(200);
        }
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    /** The newest traces that have a span of this name, each a list of spans. */
    List<List<JsonNode>> traces(String span) throws IOException, InterruptedException {
        Optional<String> answer =
                get(URI.create(address() + "/api/v2/traces?limit=50&lookback=3600000&spanName=" + span));
        if (answer.isEmpty()) {
            return List.of();
        }
        return JSON.readTree(answer.get())
                .valueStream()
                .map(trace -> trace.valueStream().toList())
                .toList();
    }

    /** What is there, if it answers with success. */
    static Optional<String> get(URI address) throws InterruptedException {
        HttpRequest request =
                HttpRequest.newBuilder(address).timeout(Duration.ofSeconds(10)).build();
        try {
            HttpResponse<String> answer = CLIENT.send(request, HttpResponse.BodyHandlers.ofString());
            return Optional.of(answer.body()).filter(body -> answer.statusCode() == 200);
        } catch (IOException notYet) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
