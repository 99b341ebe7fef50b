package io.murmuration.cluster.local;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Reasons;
import io.murmuration.tensors.checkpoint.Folders;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The classes of a node as the JVM wants them in memory: a CDS archive, which spares each process some seconds of reading and
 * verifying the same classes again. A JVM for which it does not fit (another version, other jars) goes on without it.
 */
public final class ClassArchive {

    /** System property: the archive for processes that this one starts, made when it is first needed. */
    public static final String PROPERTY = "murmuration.class-archive";

    private static final String FLAG = "-XX:SharedArchiveFile=";

    /** What the JVM has to say about archives is for those who build JVMs. */
    private static final List<String> SILENT = List.of("-Xlog:cds*=off", "-Xlog:aot*=off");

    /** A node that starts, trains three steps and ends has used most classes. */
    private static final String CONFIG = """
            murmuration {
              model.preset = nano
              steps = 3
              swarm { stages = 1, replicas = 1, trainers = 1 }
              batch { sequences = 2, microbatch = 1 }
              validation { windows = 2, every = 0 }
              compute.threads = 1
              node {
                name = "archive"
                roles = [coordinator, trainer, shard]
                control { host = "127.0.0.1", port = 0 }
                data { host = "127.0.0.1", port = 0 }
                http.port = 0
              }
            }
            """;

    private static final long LONGEST_SECONDS = 180;

    private ClassArchive() {}

    /**
     * Flags that give a JVM the classes of this process, with the archive if there is one.
     *
     * @throws UserError if the archive is to be made and cannot be
     */
    public static List<String> classPath() {
        List<String> flags = new ArrayList<>();
        archive().ifPresent(file -> {
            flags.add(FLAG + file);
            flags.addAll(SILENT);
        });
        flags.addAll(List.of("-cp", String.join(File.pathSeparator, entries())));
        return flags;
    }

    private static synchronized Optional<Path> archive() {
        Optional<Path> own = ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith(FLAG))
                .map(flag -> Path.of(flag.substring(FLAG.length())))
                .reduce((before, last) -> last);
        Optional<Path> named = Optional.ofNullable(System.getProperty(PROPERTY)).map(Path::of);
        if (own.isEmpty() && named.isPresent() && isOld(named.get())) {
            create(named.get());
        }
        return own.or(() -> named);
    }

    private static boolean isOld(Path file) {
        long made = file.toFile().lastModified(); // 0 if there is none
        return jars().anyMatch(jar -> new File(jar).lastModified() >= made);
    }

    /** Folders cannot be in an archive; behind the jars they do no harm. */
    private static List<String> entries() {
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> entries = List.of(path.split(File.pathSeparator));
        return Stream.concat(
                        entries.stream().filter(ClassArchive::isJar),
                        entries.stream().filter(entry -> !isJar(entry)))
                .toList();
    }

    private static Stream<String> jars() {
        return entries().stream().filter(ClassArchive::isJar);
    }

    private static boolean isJar(String entry) {
        return entry.endsWith(".jar");
    }

    /**
     * Makes the archive from what a node of this JVM and class path loads: runs one, of the smallest model, on loopback with free
     * ports and a temporary folder, for some seconds.
     *
     * @param file is there as a whole or not at all
     * @throws UserError if it cannot be made, with the reason
     */
    public static void create(Path file) {
        Path target = file.toAbsolutePath();
        Path folder = null;
        try {
            Files.createDirectories(target.getParent());
            folder = Files.createTempDirectory(target.getParent(), "class-archive");
            Path made = folder.resolve("classes.jsa");
            Path said = folder.resolve("said");
            Path config = Files.writeString(folder.resolve("node.conf"), CONFIG);
            ProcessBuilder starter = new ProcessBuilder(command(made, config))
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectInput(Redirect.from(new File("/dev/null")))
                    .redirectOutput(said.toFile());
            // What the operator sets for nodes is not for this one.
            starter.environment().keySet().removeIf(name -> name.startsWith("MURMURATION_"));
            Process node = starter.start();
            try {
                if (!node.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS) || node.exitValue() != 0 || !Files.exists(made)) {
                    throw new UserError("no class archive was made: the node that was to fill it "
                            + (node.isAlive() ? "did not end" : "ended with " + node.exitValue()) + ": " + last(said));
                }
            } finally {
                node.destroyForcibly();
            }
            Files.move(made, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UserError("no class archive was made at " + target + ": " + Reasons.of(e), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("interrupted while the class archive " + target + " was made", e);
        } finally {
            clear(folder);
        }
    }

    private static List<String> command(Path made, Path config) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--") || flag.startsWith("-Dkryo."))
                .forEach(command::add);
        command.addAll(List.of("-Xmx384m", "-XX:+UseSerialGC", "-XX:ArchiveClassesAtExit=" + made));
        command.addAll(SILENT);
        command.addAll(List.of("-cp", jars().collect(Collectors.joining(File.pathSeparator))));
        command.addAll(List.of("io.murmuration.cluster.cli.Main", "node", "--config", config.toString()));
        return command;
    }

    private static String last(Path said) throws IOException {
        try (Stream<String> lines = Files.lines(said)) {
            return lines.filter(line -> !line.isBlank())
                    .reduce((before, last) -> last)
                    .orElse("it said nothing");
        }
    }

    private static void clear(Path folder) {
        try {
            if (folder != null) {
                Folders.delete(folder);
            }
        } catch (IOException e) {
            throw new UserError("cannot clear away " + folder + ": " + Reasons.of(e), e);
        }
    }
}
