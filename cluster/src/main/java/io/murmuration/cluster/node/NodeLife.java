package io.murmuration.cluster.node;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;
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
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.run.RunFailed;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.cluster.telemetry.NodeTelemetry;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.WireCounts;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.apache.pekko.actor.typed.ActorSystem;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a node, from its ports to its end: an actor system, a data plane and a compute pool that are made for it and
 * closed with it. One thread lives it; {@link #status} may be asked by any.
 */
final class NodeLife implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NodeLife.class);

    private static final String TAKES_PART = "taking part";

    /** How often the stop signal is looked at while nothing happens. */
    private static final long POLL_MILLIS = 50;

    /** After so long without an answer it is worth finding out why; a seed that starts takes about as long. */
    private static final Duration DIAGNOSE_AFTER = Duration.ofSeconds(5);

    /** All phases of the coordinated shutdown at their longest. */
    private static final Duration CLOSE = Duration.ofSeconds(60);

    /** How a life ended. */
    enum End {
        /** The run is over. */
        FINISHED,
        /** It was asked to go, and went. */
        LEFT,
        /** The others have removed it. */
        REMOVED,
        /** It does not belong there, or found nobody: the operator can put it right. */
        REFUSED,
        /** The run, or this node, cannot go on. */
        FAILED
    }

    /** @param message for the operator, in one line */
    record Outcome(End end, String message) {}

    /** What a node is built from beside its inputs. */
    record Surroundings(
            Path folder,
            Optional<SSLContext> tls,
            DataPlanes planes,
            Progress progress,
            Consumer<String> lines,
            NodeTelemetry telemetry) {

        /** Unwatched. */
        Surroundings(
                Path folder, Optional<SSLContext> tls, DataPlanes planes, Progress progress, Consumer<String> lines) {
            this(folder, tls, planes, progress, lines, NodeTelemetry.off());
        }
    }

    private final NodeInputs inputs;
    private final NodeIdentity self;
    private final Surroundings around;
    private final BlockingQueue<NodeEvent> events = new LinkedBlockingQueue<>();
    private final Whereabouts whereabouts = new Whereabouts();
    private final WireCounts wire = new WireCounts();
    private final ActorSystem<NodeGuardian.Message> system;
    private final DataPlanes.Listening plane;
    private final NodeReport report;
    private final EventFile file;
    private final NodeEvents told;
    private final ComputePool pool;
    private final Set<Member> givenUp = new LinkedHashSet<>();
    private final WantedCheckpoints wantedCheckpoints = new WantedCheckpoints();
    private final Optional<HttpApi> http;
    private volatile String phase = "joining";
    private volatile boolean joined;
    private long deadlineNanos;
    private Optional<Outcome> pending = Optional.empty();

    /** @throws io.murmuration.cluster.config.UserError if a port cannot be had */
    NodeLife(NodeInputs inputs, NodeIdentity self, Surroundings around) {
        this.inputs = inputs;
        this.self = self;
        this.around = around;
        NodeSettings node = inputs.node();
        this.system = NodeSystem.start(
                NodeGuardian.create(new NodeGuardian.Life(
                        node,
                        self,
                        inputs.run().seed(),
                        inputs.plan(),
                        SwarmLimits.of(inputs.run().limits()),
                        whereabouts,
                        around.telemetry().port(),
                        events::add)),
                node,
                self,
                around.tls());
        this.report = new NodeReport(
                inputs,
                wire,
                around.progress(),
                around.lines(),
                status -> system.tell(new NodeGuardian.Progress(status)));
        this.file =
                new EventFile(around.folder(), node.eventsSize(), InstantSource.system(), around.progress()::notice);
        this.told = new NodeEvents(file, self);
        told.began();
        try {
            this.plane = around.planes()
                    .start(
                            system,
                            self,
                            whereabouts::data,
                            wire,
                            address -> system.tell(new NodeGuardian.PortRefused(address)));
        } catch (RuntimeException e) {
            shutDown();
            file.close();
            throw e;
        }
        try {
            this.http = api(around);
        } catch (RuntimeException e) {
            plane.close().run();
            shutDown();
            file.close();
            throw e;
        }
        this.pool = new ComputePool(
                inputs.setup(),
                inputs.keeperFolder().map(this::checkpoints),
                inputs.run().compute().threads());
    }

    private Optional<HttpApi> api(Surroundings around) {
        HttpSettings settings = inputs.node().http();
        return settings.enabled()
                ? Optional.of(HttpApi.start(system, settings, around.tls(), new NodeApi() {
                    @Override
                    public NodeStatus status() {
                        return NodeLife.this.status();
                    }

                    @Override
                    public CompletableFuture<OrderAnswer> order(Order order, Optional<String> node) {
                        CompletableFuture<OrderAnswer> answer = new CompletableFuture<>();
                        system.tell(new NodeGuardian.Ordered(order, node, answer));
                        return answer;
                    }
                }))
                : Optional.empty();
    }

    private CheckpointAssembly checkpoints(String folder) {
        CheckpointStore store = new CheckpointStore(
                around.folder().resolve(folder), inputs.run().checkpoint().keep());
        Map<String, String> origin = Map.of(
                "name",
                inputs.run().name(),
                CheckpointMeta.TOKENISER,
                inputs.run().data().tokeniser().name(),
                CheckpointMeta.OPTIMISER,
                inputs.run().optimiser().inner().name());
        return new CheckpointAssembly(inputs.setup(), store, origin, report::written);
    }

    /** What is known here now. Thread-safe. */
    NodeStatus status() {
        boolean takesPart = joined && phase.equals(TAKES_PART);
        return NodeStatus.of(self, phase, takesPart, inputs.node().roles(), whereabouts, wire);
    }

    /** Takes part until this life is over. */
    Outcome live(StopSignal stop) {
        Outcome outcome = takePart(stop);
        told.ended(outcome);
        return outcome;
    }

    private Outcome takePart(StopSignal stop) {
        int port = inputs.node().data().port() == 0
                ? plane.port()
                : inputs.node().data().port();
        system.tell(new NodeGuardian.Begin(
                told.watch(around.telemetry().watch(pool)),
                told.watch(around.telemetry().watch(plane.plane())),
                port));
        long diagnose = System.nanoTime() + DIAGNOSE_AFTER.toNanos();
        boolean diagnosed = false;
        boolean asked = false;
        try {
            while (true) {
                if (stop.requested() && !asked) {
                    asked = true;
                    phase = "leaving";
                    system.tell(NodeGuardian.Command.LEAVE);
                }
                Optional<NodeEvent> event = Optional.ofNullable(events.poll(POLL_MILLIS, TimeUnit.MILLISECONDS));
                Optional<Outcome> outcome = event.flatMap(happened -> on(happened, stop));
                if (outcome.isPresent()) {
                    return outcome.get();
                }
                if (pending.isPresent() && System.nanoTime() - deadlineNanos >= 0) {
                    return pending.get();
                }
                if (system.getWhenTerminated().toCompletableFuture().isDone()) {
                    return ended();
                }
                if (!joined && !diagnosed && System.nanoTime() - diagnose >= 0) {
                    diagnosed = true;
                    diagnose();
                }
                report.look(whereabouts, self.node());
                around.telemetry().look(whereabouts);
            }
        } catch (RunFailed e) {
            return new Outcome(End.FAILED, "the run failed: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new Outcome(End.FAILED, "the node was interrupted");
        }
    }

    private Optional<Outcome> on(NodeEvent event, StopSignal stop) {
        if (event instanceof NodeEvent.OfRun(RunEvent ofRun)) {
            around.telemetry().on(ofRun);
            told.told(ofRun);
        }
        switch (event) {
            case NodeEvent.OfRun(RunEvent.GivenUp(Member member, String reason)) -> {
                report.notice(member + " failed too often and is given up: " + reason);
                givenUp.add(member);
                int hosted = io.murmuration.cluster.run.Residents.hosted(
                                inputs.node().roles())
                        .size();
                if (givenUp.size() == hosted) {
                    return Optional.of(new Outcome(End.FAILED, "nothing on this node works: " + reason));
                }
            }
            case NodeEvent.OfRun(RunEvent ofRun) -> {
                wantedCheckpoints.on(ofRun);
                report.on(ofRun).ifPresent(ending -> {
                    system.tell(new NodeGuardian.Ended(ending));
                    finish(new Outcome(End.FINISHED, NodeReport.ending(ending)));
                });
            }
            case NodeEvent.CheckpointWanted(var answer) -> wantedCheckpoints.wanted(answer);
            case NodeEvent.LeaveWanted() -> stop.request();
            case NodeEvent.Over(var ending) -> {
                return Optional.of(new Outcome(End.FINISHED, NodeReport.ending(ending)));
            }
            case NodeEvent.EverybodyKnows() -> {
                return pending;
            }
            case NodeEvent.Seen(var seen) -> told.seen(seen);
            case NodeEvent.Joined(Joining.In()) -> {
                told.entered();
                joined = true;
                phase = TAKES_PART;
                report.notice("node " + self.node() + " is in the cluster (run " + self.run() + ", life " + self.life()
                        + ")");
            }
            case NodeEvent.Joined(Joining.TurnedAway(String reason)) -> {
                return Optional.of(new Outcome(End.REFUSED, reason));
            }
            case NodeEvent.Joined(Joining.Nobody(boolean welcomed)) -> {
                return Optional.of(new Outcome(End.REFUSED, nobody(welcomed)));
            }
            case NodeEvent.Diagnosed(var findings) -> {
                if (!joined && !findings.isEmpty() && findings.stream().allMatch(SeedDiagnosis.Finding::certificate)) {
                    return Optional.of(new Outcome(End.REFUSED, "no seed can be used: " + findings));
                }
                if (!joined) {
                    report.notice("waiting for a seed (node.seeds): " + findings);
                }
            }
            case NodeEvent.HandedOver() -> {
                return Optional.of(new Outcome(End.LEFT, "node " + self.node() + " has left"));
            }
            case NodeEvent.Broken(String what) -> {
                return Optional.of(new Outcome(End.FAILED, what));
            }
        }
        return Optional.empty();
    }

    /** The run is over; the others should know before the one who can tell them is gone. */
    private void finish(Outcome outcome) {
        phase = "over";
        pending = Optional.of(outcome);
        deadlineNanos = System.nanoTime() + inputs.node().farewell().toNanos();
    }

    private void diagnose() {
        Thread.ofVirtual()
                .name("murmuration-seeds")
                .start(() -> events.add(
                        new NodeEvent.Diagnosed(SeedDiagnosis.of(inputs.node().seeds(), around.tls()))));
    }

    private String nobody(boolean welcomed) {
        String wait = inputs.node().joinWait().toSeconds() + " s (node.join-wait)";
        return welcomed
                ? "the seeds did not let this node in within " + wait + ": is one of them a member of a cluster?"
                : "no seed of " + NodeSystem.list(inputs.node().seeds()) + " let this node in within " + wait + ": "
                        + SeedDiagnosis.of(inputs.node().seeds(), around.tls());
    }

    /** The actor system went by itself: why. */
    private Outcome ended() {
        Optional<CoordinatedShutdown.Reason> reason =
                CoordinatedShutdown.get(system).getShutdownReason();
        String text = reason.map(Object::toString).orElse("no reason given");
        LOG.warn("the actor system of node {} ended: {}", self.node(), text);
        if (reason.equals(Optional.of(CoordinatedShutdown.incompatibleConfigurationDetectedReason()))) {
            // Pekko's check does not say what differs; an answer to a greeting does, if it came in time.
            Optional<Outcome> told = events.stream()
                    .filter(NodeEvent.Joined.class::isInstance)
                    .flatMap(event -> on(event, new StopSignal()).stream())
                    .findFirst();
            return told.orElseGet(() -> new Outcome(
                    End.REFUSED,
                    "the cluster belongs to another run or speaks another protocol version than this node (run "
                            + self.run() + ", protocol version " + self.protocol() + ")"));
        }
        return new Outcome(
                End.REMOVED,
                "node " + self.node() + " was removed from the cluster, because the others could not reach it");
    }

    /** Leaves the cluster, if it still is in it, and lets go of everything. */
    @Override
    public void close() {
        wantedCheckpoints.giveUp("node " + self.node() + " is ending");
        http.ifPresent(HttpApi::close);
        // With its actor system gone the plane is, too: its sockets lived in it.
        if (!system.getWhenTerminated().toCompletableFuture().isDone()) {
            plane.close().run();
        }
        shutDown();
        pool.close();
        file.close();
    }

    private void shutDown() {
        try {
            // Its phases have time-outs of their own. What is left when they are over, such as a connection of Artery
            // that is not
            // flushed because the other side has gone as well, nobody waits for.
            CoordinatedShutdown.get(system)
                    .runAll(CoordinatedShutdown.actorSystemTerminateReason())
                    .toCompletableFuture()
                    .get(CLOSE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (TimeoutException | ExecutionException e) {
            LOG.warn("the actor system did not end in {}: {}", CLOSE, e.toString());
        }
    }
}
