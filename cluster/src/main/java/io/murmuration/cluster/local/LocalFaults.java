package io.murmuration.cluster.local;

import io.murmuration.cluster.config.UserError;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.function.Consumer;

/**
 * What stands between the nodes of a cluster on this machine, so that somebody can do things to them and to their links while
 * they train. All methods are called by the cluster's one thread.
 */
public interface LocalFaults extends AutoCloseable {

    /** A module that can do this names its provider in {@code META-INF/services}. */
    interface Provider {

        /**
         * Before any node is started.
         *
         * @param nodes their names
         * @param folder of the cluster
         * @param seed of all chance
         * @param told gets a line for each thing that was done
         * @throws UserError if this machine does not allow it
         */
        LocalFaults between(List<String> nodes, Path folder, long seed, Consumer<String> told);
    }

    /**
     * Where a node listens and is found by the others.
     *
     * @param host name or address; its process can resolve it
     * @param flags of its JVM
     */
    record Place(String host, int control, int data, List<String> flags) {
        public Place {
            flags = List.copyOf(flags);
        }
    }

    /** The processes of the cluster. */
    interface Nodes {

        /** The process of a node; empty while it is dead. */
        Optional<Long> pid(String node);

        /** As a machine that loses its power; it stays dead until it is started. */
        void kill(String node);

        /** Starts one that was killed. */
        void start(String node);

        /** Asks a node to hand over what it holds and to go. */
        void leave(String node);
    }

    /** Where {@code node} is to be. */
    Place place(String node);

    /** Whether there is a process of {@code node} that listens, or will soon. */
    void listening(String node, boolean listens);

    /** Now and then: does what was asked for and ends what is due. */
    void turn(Nodes nodes);

    /** The nodes are about to be stopped: ends what lasts, but starts nobody. */
    void calm();

    @Override
    void close();

    /**
     * The one that a module brings.
     *
     * @throws UserError if none does
     */
    static Provider provider() {
        return ServiceLoader.load(Provider.class)
                .findFirst()
                .orElseThrow(() -> new UserError("--faults: nothing here can inject faults"));
    }
}
