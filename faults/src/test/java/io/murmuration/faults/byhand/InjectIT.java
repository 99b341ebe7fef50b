package io.murmuration.faults.byhand;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.murmuration.cluster.local.ClassArchive;
import io.murmuration.cluster.local.ClusterFile;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code murmuration inject} against {@code murmuration local --faults}, all of them processes. */
@Tag("cluster")
@Timeout(420)
final class InjectIT {

    private static final String MAIN = "io.murmuration.cluster.cli.Main";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    private Path folder;

    private Process start(String name, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--") || flag.startsWith("-Dkryo"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(ClassArchive.classPath());
        command.add(MAIN);
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectInput(new File("/dev/null"))
                .redirectOutput(folder.resolve(name + ".out").toFile())
                .redirectError(folder.resolve(name + ".err").toFile())
                .start();
    }

    private String said(String name) {
        try {
            return Files.readString(folder.resolve(name + ".out")) + Files.readString(folder.resolve(name + ".err"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void inject(String expected, String... arguments) throws Exception {
        List<String> all =
                new ArrayList<>(List.of("inject", "--cluster", cluster().toString()));
        all.addAll(List.of(arguments));
        Process process = start("inject", all);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(said("inject")).contains(expected);
        assertThat(process.exitValue()).isZero();
    }

    private Path cluster() throws IOException {
        try (Stream<Path> runs = Files.list(folder.resolve("runs"))) {
            return runs.findFirst().orElseThrow();
        }
    }

    /** The newest line of figures. */
    private JsonNode status() {
        return said("local")
                .lines()
                .filter(line -> line.startsWith("{\"event\":\"status\""))
                .reduce((before, last) -> last)
                .map(InjectIT::json)
                .orElseGet(MAPPER::createObjectNode);
    }

    private static JsonNode json(String line) {
        try {
            return MAPPER.readTree(line);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long step() {
        return status().path("step").asLong(-1);
    }

    private void awaitStep(Process local, long step) throws Exception {
        await(local, "step " + step, () -> step() >= step);
    }

    private void await(Process local, String what, java.util.function.BooleanSupplier condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (!condition.getAsBoolean()) {
            assertThat(local.isAlive()).as("%s: %s", what, said("local")).isTrue();
            assertThat(System.nanoTime()).as("%s: %s", what, said("local")).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    @Test
    void nodes_are_killed_frozen_cut_off_and_slowed_by_hand_the_run_goes_on_and_nothing_is_left() throws Exception {
        List<String> arguments = new ArrayList<>(
                List.of("local", "--nodes", "5", "--faults", "--json", "--heap", "256m", "--steps", "100000"));
        for (String assignment : List.of(
                "out=" + folder.resolve("runs"),
                "swarm.stages=1",
                "model.preset=nano",
                "compute.backend=java",
                "validation.windows=8",
                "validation.every=0",
                "checkpoint.every=0",
                "limits.leave-wait=1s")) {
            arguments.addAll(List.of("--set", assignment));
        }
        Process local = start("local", arguments);
        List<ProcessHandle> nodes = new ArrayList<>();
        try {
            awaitStep(local, 2);
            double loss = status().path("loss").asDouble();
            inject("node-4 is killed, for 1s", "--node", "node-4", "--fault", "kill", "--for", "1s");
            await(local, "a new node-4", () -> said("local").contains("over: node-4 is killed"));
            awaitStep(local, step() + 3);
            inject(
                    "the links of node-5 with node-1 change: latency 20ms",
                    "--node",
                    "node-5",
                    "--fault",
                    "link",
                    "--latency",
                    "20ms",
                    "--peer",
                    "node-1");
            inject(
                    "the links of node-4 are cut (reset), for 3s",
                    "--node",
                    "node-4",
                    "--fault",
                    "reset",
                    "--for",
                    "3s");
            awaitStep(local, step() + 3);
            inject("node-5 is frozen", "--node", "node-5", "--fault", "pause");
            awaitStep(local, step() + 10);
            assertThat(status().path("loss").asDouble()).isLessThan(loss);

            // Nobody is left to wake up who is frozen, or to stop the others.
            ClusterFile.read(cluster()).nodes().stream()
                    .flatMap(node -> node.pid().stream())
                    .flatMap(pid -> ProcessHandle.of(pid).stream())
                    .forEach(nodes::add);
            assertThat(nodes).hasSize(5);
            local.destroyForcibly().waitFor();
            for (ProcessHandle node : nodes) {
                node.onExit().get(60, TimeUnit.SECONDS);
            }
            assertThat(nodes).noneMatch(ProcessHandle::isAlive);
        } finally {
            local.destroyForcibly();
            nodes.forEach(ProcessHandle::destroyForcibly);
        }
    }
}
