package io.murmuration.cluster.node;

import io.murmuration.cluster.local.ClassArchive;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** Starts {@code murmuration} as processes of its own, as the launcher would, and ends those it has started. */
final class NodeProcesses implements AutoCloseable {

    private static final String MAIN = "io.murmuration.cluster.cli.Main";

    /** One process and what it has written so far. */
    record Running(Process process, Path out, Path err) {

        int exit() throws InterruptedException {
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                throw new AssertionError("the process did not end within 2 minutes:\n" + all());
            }
            return process.exitValue();
        }

        String all() {
            return read(out) + read(err);
        }

        String lastLine() {
            return read(out).lines().reduce((before, last) -> last).orElse("");
        }

        /** What it complains of; the launcher keeps the JVM's own warning from users. */
        String errors() {
            return read(err)
                    .lines()
                    .filter(line -> !line.contains("Using incubator modules"))
                    .collect(Collectors.joining("\n"));
        }

        void await(String text) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
            while (!all().contains(text)) {
                if (System.nanoTime() - deadline > 0 || !process.isAlive()) {
                    throw new AssertionError("expected \"" + text + "\", got:\n" + all());
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }

        private static String read(Path file) {
            try {
                return Files.readString(file);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final Path folder;
    private final List<Running> started = new CopyOnWriteArrayList<>();

    NodeProcesses(Path folder) {
        this.folder = folder;
    }

    Running start(String name, List<String> arguments) throws IOException {
        return start(name, List.of(), arguments);
    }

    /** @param flags of the JVM, beside the usual ones */
    Running start(String name, List<String> flags, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        // What this process was started with, but no agent and no memory of its size.
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--") || flag.startsWith("-Dkryo"))
                .forEach(command::add);
        command.addAll(List.of("-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"));
        command.addAll(flags);
        command.addAll(ClassArchive.classPath());
        command.add(MAIN);
        command.addAll(arguments);
        Path out = folder.resolve(name + ".out");
        Path err = folder.resolve(name + ".err");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectInput(new File("/dev/null"))
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        Running running = new Running(process, out, err);
        started.add(running);
        return running;
    }

    /** SIGKILL, which also ends who is frozen, and waits until they are gone: nothing outlives a test. */
    @Override
    public void close() {
        started.forEach(running -> running.process().destroyForcibly());
        started.forEach(running -> running.process().onExit().join());
    }
}
