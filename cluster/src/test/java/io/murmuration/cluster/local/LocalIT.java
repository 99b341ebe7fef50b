package io.murmuration.cluster.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code murmuration local} as a process, with processes of its own. */
@Tag("cluster")
@Timeout(240)
final class LocalIT {

    @TempDir
    private Path folder;

    private Process start(String... more) throws IOException {
        List<String> command = new ArrayList<>(
                new NodeCommandLine("io.murmuration.cluster.cli.Main", "256m", Optional.empty(), List.of())
                        .of(List.of(), List.of()));
        command.subList(command.indexOf("node"), command.size()).clear();
        command.add("-XX:TieredStopAtLevel=1");
        // The class to start comes last.
        command.add(command.remove(command.indexOf("io.murmuration.cluster.cli.Main")));
        command.addAll(List.of("local", "--nodes", "3", "--heap", "256m", "--set", "out=" + folder.resolve("runs")));
        for (String assignment : List.of(
                "model.preset=nano",
                "compute.backend=java",
                "validation.windows=8",
                "validation.every=0",
                "checkpoint.every=0")) {
            command.addAll(List.of("--set", assignment));
        }
        command.addAll(List.of(more));
        return new ProcessBuilder(command)
                .redirectInput(new java.io.File("/dev/null"))
                .redirectOutput(folder.resolve("out").toFile())
                .redirectError(folder.resolve("err").toFile())
                .start();
    }

    private Path cluster() throws IOException {
        try (Stream<Path> runs = Files.list(folder.resolve("runs"))) {
            return runs.findFirst().orElseThrow();
        }
    }

    private String said() throws IOException {
        return Files.readString(folder.resolve("out")) + Files.readString(folder.resolve("err"));
    }

    private List<ProcessHandle> nodes() throws IOException {
        return ClusterFile.read(cluster()).nodes().stream()
                .flatMap(node -> node.pid().stream())
                .flatMap(pid -> ProcessHandle.of(pid).stream())
                .toList();
    }

    private void await(String text, Process local) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
        while (!said().contains(text)) {
            assertThat(local.isAlive()).as(said()).isTrue();
            assertThat(System.nanoTime()).as(said()).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(100);
        }
    }

    @Test
    void three_nodes_finish_a_run_and_none_is_left() throws Exception {
        Process local = start("--steps", "4");
        assertThat(local.waitFor(200, TimeUnit.SECONDS)).as(said()).isTrue();
        assertThat(local.exitValue()).as(said()).isZero();
        assertThat(said()).contains("the run is finished: version 4, loss 5.");
        assertThat(nodes()).isEmpty();
    }

    @Test
    void the_nodes_end_when_the_process_that_started_them_is_killed() throws Exception {
        Process local = start("--steps", "100000", "--set", "limits.leave-wait=1s");
        List<ProcessHandle> nodes = List.of();
        try {
            await("step 1", local);
            nodes = nodes();
            assertThat(nodes).hasSize(3);
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
