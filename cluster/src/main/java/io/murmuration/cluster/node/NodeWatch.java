package io.murmuration.cluster.node;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.config.UserError;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/** Looks on at what the actors of this process do, for whoever tests nodes from outside. Must neither throw nor change anything. */
public interface NodeWatch {

    /** System property: the file that everything seen goes to. Without it nobody looks on. */
    String PROPERTY = "murmuration.watch";

    /** A module that can look on names its provider in {@code META-INF/services}. */
    interface Provider {

        /** @throws UserError if the file cannot be written */
        NodeWatch watch(Path file);
    }

    /** Nobody looks on. */
    NodeWatch NONE = new NodeWatch() {};

    /** The ports of a life of this node, as its actors have them. */
    default Ports ports(Ports ports) {
        return ports;
    }

    /** The coordinator here, or a peer's supervisor, says what happened; from any thread. */
    default void told(RunEvent event) {}

    /**
     * Who looks on at this process.
     *
     * @throws UserError if somebody should and nobody can
     */
    static NodeWatch ofProcess() {
        return Optional.ofNullable(System.getProperty(PROPERTY))
                .map(file -> ServiceLoader.load(Provider.class)
                        .findFirst()
                        .orElseThrow(
                                () -> new UserError("-D" + PROPERTY + "=" + file + ": nothing here can watch a node"))
                        .watch(Path.of(file)))
                .orElse(NONE);
    }
}
