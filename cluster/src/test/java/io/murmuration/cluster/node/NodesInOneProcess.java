package io.murmuration.cluster.node;

import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.transport.InProcessDataPlane;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.WireCounts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import org.apache.pekko.stream.Materializer;

/** Nodes with actor systems of their own that talk over real Artery on loopback, and share a data plane in this process. */
final class NodesInOneProcess implements AutoCloseable {

    /** Of a run that takes seconds. */
    static final List<String> NANO = List.of(
            "model.preset=nano",
            "compute.backend=java",
            "compute.threads=1",
            "steps=6",
            "validation.windows=8",
            "validation.every=0",
            "checkpoint.every=0",
            "limits.control-retry=500ms",
            "limits.gather-wait=60s",
            "limits.leave-wait=10s",
            "node.control.host=127.0.0.1",
            "node.data.host=127.0.0.1",
            "node.data.port=0",
            "node.http.port=0",
            "node.join-retry=200ms",
            "node.announce-retry=200ms",
            "node.status-every=100ms");

    /** A node that runs in a thread of its own. */
    final class Running {
        private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
        private final ByteArrayOutputStream noticed = new ByteArrayOutputStream();
        private final StopSignal stop = new StopSignal();
        private final List<String> lines = new CopyOnWriteArrayList<>();
        private final CompletableFuture<NodeLife.Outcome> outcome = new CompletableFuture<>();
        private volatile NodeLife life;

        StopSignal stop() {
            return stop;
        }

        List<String> lines() {
            return lines;
        }

        CompletableFuture<NodeLife.Outcome> outcome() {
            return outcome;
        }

        Optional<NodeStatus> status() {
            return Optional.ofNullable(life).map(NodeLife::status);
        }

        String shown() {
            return shown.toString(StandardCharsets.UTF_8) + noticed.toString(StandardCharsets.UTF_8);
        }

        private void live(NodeInputs inputs, NodeIdentity self) {
            Terminal terminal = Terminal.plain(
                    new PrintStream(shown, true, StandardCharsets.UTF_8),
                    new PrintStream(noticed, true, StandardCharsets.UTF_8));
            NodeLife.Surroundings around = new NodeLife.Surroundings(
                    folder.resolve(self.node()),
                    Optional.empty(),
                    (system, node, addresses, counts, refused) -> new DataPlanes.Listening(plane, 1, () -> {}),
                    Progress.of(terminal, false),
                    lines::add);
            try {
                NodeLife.Outcome ended;
                try (NodeLife made = new NodeLife(inputs, self, around)) {
                    life = made;
                    ended = made.live(stop);
                }
                // Only now are its ports free.
                outcome.complete(ended);
            } catch (RuntimeException | Error e) {
                outcome.completeExceptionally(e);
            }
        }
    }

    private final Path folder;
    private final ActorSystem<Void> carrier = ActorSystem.create(Behaviors.empty(), "carrier");
    private final InProcessDataPlane plane =
            new InProcessDataPlane(Materializer.createMaterializer(carrier), new WireCounts(), 64, 16);
    private final List<Running> started = new CopyOnWriteArrayList<>();
    private final List<Thread> threads = new CopyOnWriteArrayList<>();

    /** @param folder for the checkpoints of the nodes */
    NodesInOneProcess(Path folder) {
        this.folder = folder;
    }

    /** Settings of a node: {@link #NANO}, its name, roles, control port and seed, and what else is given. */
    static LoadedNode settings(String name, String roles, int port, int seed, String... more) {
        SettingsLoader loader = SettingsLoader.of(Map.of());
        for (String assignment : NANO) {
            loader = loader.set(assignment, "test");
        }
        loader = loader.set("node.name", name, "test")
                .set("node.roles", roles, "test")
                .set("node.control.port", String.valueOf(port), "test")
                .set("node.seeds", "127.0.0.1:" + seed, "test");
        for (String assignment : more) {
            loader = loader.set(assignment, "test");
        }
        return loader.loadNode();
    }

    /** Starts a life of a node. */
    Running start(LoadedNode loaded, long life, int protocol) {
        NodeInputs inputs = NodeInputs.read(loaded, notice -> {});
        NodeIdentity self = new NodeIdentity(loaded.node().name(), life, inputs.fingerprint(), protocol);
        Running running = new Running();
        started.add(running);
        threads.add(Thread.ofPlatform().name("node-" + self.node()).start(() -> running.live(inputs, self)));
        return running;
    }

    /** Until something is so; fails after a minute. */
    static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("it did not come to be within a minute");
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    /** A port nobody listens on at this moment. */
    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        started.forEach(running -> running.stop.request());
        try {
            for (Thread thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        carrier.terminate();
    }
}
