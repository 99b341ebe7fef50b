package io.murmuration.cluster.node;

import io.murmuration.cluster.compute.CheckpointAssembly;
import io.murmuration.cluster.compute.ComputePool;
import io.murmuration.cluster.config.HttpSettings;
import io.murmuration.cluster.config.NodeSettings;
import io.murmuration.cluster.http.HttpApi;
import io.murmuration.cluster.http.NodeApi;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.WireCounts;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a life of a node stands on: its actor system, data plane, compute pool, HTTP API and file of events. Made together, and
 * closed together in the order in which they need each other; what was made is closed when the next one cannot be.
 */
final class LifeParts implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LifeParts.class);

    /** All phases of the coordinated shutdown at their longest. */
    private static final Duration CLOSE = Duration.ofSeconds(60);

    /** How long the ports of the control plane are waited for after that. */
    private static final Duration PORTS = Duration.ofSeconds(5);

    /** Hears of a checkpoint that is complete on this node's disk. */
    @FunctionalInterface
    interface Written {
        void written(long version, Path folder);
    }

    private final NodeInputs inputs;
    private final NodeLife.Surroundings around;
    private final NodeEvents told;
    private final ComputePool pool;
    private final ActorSystem<NodeGuardian.Message> system;
    private final DataPlanes.Listening plane;
    /** The newest first. */
    private final Deque<Runnable> closers = new ArrayDeque<>();

    /**
     * @param happened told of everything, from any thread
     * @param status asked from any thread
     * @throws io.murmuration.cluster.config.UserError if a port cannot be had
     */
    LifeParts(
            NodeInputs inputs,
            NodeIdentity self,
            NodeLife.Surroundings around,
            Whereabouts whereabouts,
            WireCounts wire,
            Consumer<NodeEvent> happened,
            Supplier<NodeStatus> status,
            Written written) {
        this.inputs = inputs;
        this.around = around;
        NodeSettings node = inputs.node();
        try {
            EventFile file = closed(
                    new EventFile(
                            around.folder(), node.eventsSize(), InstantSource.system(), around.progress()::notice),
                    EventFile::close);
            this.told = new NodeEvents(file, self);
            this.pool = closed(
                    new ComputePool(
                            inputs.setup(),
                            inputs.keeperFolder().map(folder -> checkpoints(folder, written)),
                            inputs.run().compute().threads()),
                    ComputePool::close);
            this.system = closed(
                    NodeSystem.start(
                            NodeGuardian.create(new NodeGuardian.Life(
                                    node,
                                    self,
                                    inputs.run().seed(),
                                    inputs.plan(),
                                    inputs.shards().number(),
                                    SwarmLimits.of(inputs.run().limits()),
                                    whereabouts,
                                    around.telemetry().port(),
                                    happened)),
                            node,
                            self,
                            around.tls()),
                    LifeParts::shutDown);
            told.began();
            this.plane = closed(
                    around.planes()
                            .start(
                                    system,
                                    self,
                                    whereabouts::data,
                                    wire,
                                    address -> system.tell(new NodeGuardian.PortRefused(address))),
                    this::closePlane);
            if (node.http().enabled()) {
                closed(api(node.http(), status), HttpApi::close);
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private <T> T closed(T part, Consumer<T> how) {
        closers.push(() -> how.accept(part));
        return part;
    }

    private CheckpointAssembly checkpoints(String folder, Written written) {
        CheckpointStore store = new CheckpointStore(
                around.folder().resolve(folder), inputs.run().checkpoint().keep());
        return new CheckpointAssembly(inputs.setup(), store, inputs.origin(), written::written);
    }

    private HttpApi api(HttpSettings settings, Supplier<NodeStatus> status) {
        return HttpApi.start(system, settings, around.tls(), new NodeApi() {
            @Override
            public NodeStatus status() {
                return status.get();
            }

            @Override
            public CompletableFuture<OrderAnswer> order(Order order, Optional<String> node) {
                CompletableFuture<OrderAnswer> answer = new CompletableFuture<>();
                system.tell(new NodeGuardian.Ordered(order, node, answer));
                return answer;
            }
        });
    }

    /** Lets the peers of this node live. */
    void begin() {
        int port = inputs.node().data().port() == 0
                ? plane.port()
                : inputs.node().data().port();
        system.tell(new NodeGuardian.Begin(
                told.watch(around.telemetry().watch(pool)),
                told.watch(around.telemetry().watch(plane.plane())),
                port));
    }

    ActorSystem<NodeGuardian.Message> system() {
        return system;
    }

    /** The actor system is no more, whoever ended it. */
    boolean gone() {
        return gone(system);
    }

    private static boolean gone(ActorSystem<?> system) {
        return system.getWhenTerminated().toCompletableFuture().isDone();
    }

    /** Where this life tells what happens. */
    NodeEvents told() {
        return told;
    }

    /** With its actor system gone the plane is, too: its sockets lived in it. */
    private void closePlane(DataPlanes.Listening listening) {
        if (!gone(system)) {
            listening.close().run();
        }
    }

    private static void shutDown(ActorSystem<?> system) {
        try {
            // Its phases have time-outs of their own.
            CoordinatedShutdown.get(system)
                    .runAll(CoordinatedShutdown.actorSystemTerminateReason())
                    .toCompletableFuture()
                    .get(CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("the actor system did not end in {}: {}", CLOSE, e.toString());
        }
        try {
            // Another life may want its port. A connection of Artery that is not flushed, because the other side has
            // gone as
            // well, keeps it up for a minute: nobody waits for that.
            system.getWhenTerminated().toCompletableFuture().get(PORTS.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOG.info("the actor system still ends after {}: {}", PORTS, e.toString());
        }
    }

    /** Leaves the cluster, if this node still is in it, and lets go of everything. */
    @Override
    public void close() {
        while (!closers.isEmpty()) {
            closers.pop().run();
        }
    }
}
