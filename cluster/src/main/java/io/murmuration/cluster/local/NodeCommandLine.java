package io.murmuration.cluster.local;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How a node is started: as this process was, with less memory. */
final class NodeCommandLine {

    /** Of the launcher, for this process alone: a descriptor that a node does not have. */
    private static final String STANDARD_ERROR = "-Dmurmuration.stderr";

    /** Flags of this JVM that are right for a node; no agent, no memory of its size. */
    private static final List<String> KEPT =
            List.of("--", "-Dkryo.", "-Dmurmuration.", "-Djava.awt.", "-Dstdout.", "-Dstderr.", "-Djava.io.tmpdir");

    private final String main;
    private final String heap;
    private final Optional<Path> config;
    private final List<String> given;

    /**
     * @param main class that {@code bin/murmuration} starts
     * @param heap most that a node's JVM may use, as in {@code 384m}
     * @param config what the user names
     * @param given what the user sets, as {@code key=value}
     */
    NodeCommandLine(String main, String heap, Optional<Path> config, List<String> given) {
        this.main = main;
        this.heap = heap;
        this.config = config;
        this.given = given;
    }

    /**
     * @param flags of its JVM, beside those that all have
     * @param own what makes it this node; wins over what was given
     */
    List<String> of(List<String> flags, List<String> own) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> KEPT.stream().anyMatch(flag::startsWith) && !flag.startsWith(STANDARD_ERROR))
                .forEach(command::add);
        // One collector thread each: the nodes share the cores.
        command.addAll(List.of("-Xmx" + heap, "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"));
        command.addAll(flags);
        command.addAll(ClassArchive.classPath());
        command.addAll(List.of(main, "node", "--end-with-input"));
        config.ifPresent(file -> command.addAll(List.of("--config", file.toString())));
        given.forEach(assignment -> command.addAll(List.of("--set", assignment)));
        own.forEach(assignment -> command.addAll(List.of("--set", assignment)));
        return command;
    }
}
