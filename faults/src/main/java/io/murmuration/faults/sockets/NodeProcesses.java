package io.murmuration.faults.sockets;

import io.murmuration.cluster.local.ClassArchive;
import io.murmuration.cluster.node.NodeWatch;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/**
 * Processes of nodes on this machine, each with what it writes in files of its own. They are started as this process was: the
 * same JVM, class path and flags, but with little memory. Linux. One thread.
 */
public final class NodeProcesses implements AutoCloseable {

    private static final String MAIN = "io.murmuration.cluster.cli.Main";

    /** Many nodes share this machine; the models of scenarios are small. */
    private static final List<String> SMALL = List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    private static final long SIGNAL_SECONDS = 10;

    /**
     * A process and its files.
     *
     * @param trace what is seen of it, read as it is written
     */
    public record Running(String node, Process process, Path out, Path err, TraceReader trace) {

        /** The last thing it said. */
        public String lastWords() {
            return last(err).or(() -> last(out)).orElse("nothing");
        }

        private static Optional<String> last(Path file) {
            try {
                return Files.readString(file)
                        .lines()
                        .filter(line -> !line.isBlank() && !line.contains("Using incubator modules"))
                        .reduce((before, line) -> line);
            } catch (IOException e) {
                throw new UncheckedIOException("what a node said cannot be read", e);
            }
        }
    }

    private final Path folder;
    private final Map<String, Integer> starts = new LinkedHashMap<>();
    private final List<Process> all = new CopyOnWriteArrayList<>();

    /** @param folder where the processes run and their files are */
    public NodeProcesses(Path folder) {
        this.folder = folder;
        // Nodes that nobody watches any more would train on, and frozen ones stay for good.
        Runtime.getRuntime()
                .addShutdownHook(new Thread(() -> all.forEach(Process::destroyForcibly), "murmuration-end-of-nodes"));
    }

    /**
     * Starts a node.
     *
     * @param hosts the names it knows, in the format of {@code /etc/hosts}; no other name has an address there
     * @param pace file of the {@link Pace} of its device
     * @param arguments of {@code murmuration}
     */
    public Running start(String node, Path hosts, Path pace, List<String> arguments) {
        String name = node + "." + starts.merge(node, 1, Integer::sum);
        Path trace = folder.resolve(name + ".trace").toAbsolutePath();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--") || flag.startsWith("-Dkryo"))
                .forEach(command::add);
        command.addAll(SMALL);
        command.add("-Djdk.net.hosts.file=" + hosts.toAbsolutePath());
        command.add("-D" + NodeWatch.PROPERTY + "=" + trace);
        command.add("-D" + PacedDevice.PROPERTY + "=" + pace.toAbsolutePath());
        command.addAll(ClassArchive.classPath());
        command.add(MAIN);
        command.addAll(arguments);
        Path out = folder.resolve(name + ".out");
        Path err = folder.resolve(name + ".err");
        try {
            Process process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectInput(
                            ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            all.add(process);
            return new Running(node, process, out, err, new TraceReader(trace));
        } catch (IOException e) {
            throw new UncheckedIOException("node " + node + " cannot be started", e);
        }
    }

    /** Stops a process where it is (SIGSTOP), or lets it go on (SIGCONT). */
    public static void frozen(Process process, boolean frozen) {
        String signal = frozen ? "STOP" : "CONT";
        try {
            Process kill = new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid())).start();
            if (!kill.waitFor(SIGNAL_SECONDS, TimeUnit.SECONDS) || (kill.exitValue() != 0 && process.isAlive())) {
                throw new IllegalStateException("kill -" + signal + " " + process.pid() + " did not work");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the command kill cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a process is sent SIG" + signal, e);
        }
    }

    /** Ends all at once (SIGKILL). */
    @Override
    public void close() {
        all.forEach(Process::destroyForcibly);
        all.forEach(process -> process.onExit().join());
    }
}
