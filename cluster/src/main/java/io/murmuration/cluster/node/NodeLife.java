package io.murmuration.cluster.node;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.membership.Refusals;
import io.murmuration.cluster.membership.RunStatus;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.report.Progress;
import io.murmuration.cluster.run.Residents;
import io.murmuration.cluster.run.RunFailed;
import io.murmuration.cluster.run.StopSignal;
import io.murmuration.cluster.telemetry.NodeTelemetry;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.WireCounts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import org.apache.pekko.actor.CoordinatedShutdown;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a node, from its ports to its end: an actor system, a data plane and a compute pool that are made for it and
 * closed with it. One thread lives it; {@link #status} may be asked by any.
 */
final class NodeLife implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(NodeLife.class);

    private static final String TAKES_PART = "taking part";

    /** Known to the cluster, which has too few coordinators for full members. */
    private static final String ADMITTED = "waiting for coordinators";

    /** How often the stop signal is looked at while nothing happens. */
    private static final long POLL_MILLIS = 50;

    /** After so long without an answer it is worth finding out why; a seed that starts takes about as long. */
    private static final Duration DIAGNOSE_AFTER = Duration.ofSeconds(5);

    /** How a life ended. */
    enum End {
        /** The run is over. */
        FINISHED,
        /** It was asked to go, and went. */
        LEFT,
        /** The others have removed it. */
        REMOVED,
        /** It found nobody who let it in. */
        UNREACHED,
        /** It was alone while the cluster went on elsewhere, and has to come in anew. */
        ASTRAY,
        /** It does not belong there: the operator can put it right. */
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
    private final LifeInbox events = new LifeInbox();
    private final Whereabouts whereabouts = new Whereabouts();
    private final WireCounts wire = new WireCounts();
    private final LifeParts parts;
    private final NodeReport report;
    private final Set<Member> givenUp = new LinkedHashSet<>();
    private final WantedCheckpoints wantedCheckpoints = new WantedCheckpoints();
    private volatile String phase = "joining";
    private volatile boolean joined;
    private boolean diagnosisDue;
    private long diagnoseNanos;
    private long deadlineNanos;
    private Optional<Outcome> pending = Optional.empty();

    /** @throws io.murmuration.cluster.config.UserError if a port cannot be had */
    NodeLife(NodeInputs inputs, NodeIdentity self, Surroundings around) {
        this.inputs = inputs;
        this.self = self;
        this.around = around;
        this.report = new NodeReport(inputs, wire, around.progress(), around.lines(), this::tellOthers);
        this.parts =
                new LifeParts(inputs, self, around, whereabouts, wire, events::tell, this::status, report::written);
    }

    private void tellOthers(RunStatus status) {
        parts.system().tell(new NodeGuardian.Progress(status));
    }

    /** What is known here now. Thread-safe. */
    NodeStatus status() {
        boolean takesPart = joined && phase.equals(TAKES_PART);
        return NodeStatus.of(self, phase, takesPart, inputs.node().roles(), whereabouts, wire);
    }

    /** Takes part until this life is over. */
    Outcome live(StopSignal stop) {
        Outcome outcome = takePart(stop);
        parts.told().ended(outcome);
        return outcome;
    }

    private Outcome takePart(StopSignal stop) {
        parts.begin();
        diagnoseLater();
        boolean asked = false;
        try {
            while (true) {
                if (stop.requested() && !asked) {
                    asked = true;
                    phase = "leaving";
                    parts.system().tell(NodeGuardian.Command.LEAVE);
                }
                Optional<NodeEvent> event = events.next(POLL_MILLIS);
                Optional<Outcome> outcome = event.flatMap(happened -> on(happened, stop));
                if (outcome.isPresent()) {
                    return outcome.get();
                }
                if (pending.isPresent() && System.nanoTime() - deadlineNanos >= 0) {
                    return pending.get();
                }
                if (parts.gone()) {
                    return ended();
                }
                if (!joined && diagnosisDue && System.nanoTime() - diagnoseNanos >= 0) {
                    diagnosisDue = false;
                    if (phase.equals(ADMITTED)) {
                        waitingForCoordinators();
                    } else {
                        diagnose();
                    }
                }
                report.look(whereabouts, self.node());
                around.telemetry().look(whereabouts, wire);
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
            parts.told().told(ofRun);
        }
        switch (event) {
            case NodeEvent.OfRun(RunEvent.GivenUp(Member member, String reason)) -> {
                report.notice(member + " failed too often and is given up: " + reason);
                givenUp.add(member);
                if (givenUp.size()
                        == Residents.count(
                                inputs.node().roles(), inputs.shards().number())) {
                    return Optional.of(new Outcome(End.FAILED, "nothing on this node works: " + reason));
                }
            }
            case NodeEvent.OfRun(RunEvent ofRun) -> {
                wantedCheckpoints.on(ofRun);
                report.on(ofRun).ifPresent(ending -> {
                    parts.system().tell(new NodeGuardian.Ended(ending));
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
            case NodeEvent.Seen(var seen) -> parts.told().seen(seen);
            case NodeEvent.Joined(Joining.In()) -> {
                parts.told().entered();
                joined = true;
                phase = TAKES_PART;
                report.notice("node " + self.node() + " is in the cluster (run " + self.run() + ", life " + self.life()
                        + ")");
            }
            case NodeEvent.Joined(Joining.Admitted()) -> {
                phase = ADMITTED;
                diagnoseLater();
            }
            case NodeEvent.Joined(Joining.Elsewhere(String where)) -> {
                return Optional.of(new Outcome(
                        End.ASTRAY,
                        "node " + self.node() + " waited alone, while node " + where
                                + " is in a cluster that goes on"));
            }
            case NodeEvent.Namesake(String where) -> {
                return Optional.of(new Outcome(End.REFUSED, Refusals.taken(self.node(), where)));
            }
            case NodeEvent.Joined(Joining.TurnedAway(String reason)) -> {
                return Optional.of(new Outcome(End.REFUSED, reason));
            }
            case NodeEvent.Joined(Joining.Nobody(boolean welcomed)) -> {
                return Optional.of(new Outcome(End.UNREACHED, nobody(welcomed)));
            }
            case NodeEvent.Diagnosed(var findings) -> {
                if (!joined && !findings.isEmpty() && findings.stream().allMatch(SeedDiagnosis.Finding::certificate)) {
                    return Optional.of(new Outcome(End.REFUSED, "no seed can be used: " + findings));
                }
                if (!joined && !phase.equals(ADMITTED)) {
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

    private void diagnoseLater() {
        diagnosisDue = true;
        diagnoseNanos = System.nanoTime() + DIAGNOSE_AFTER.toNanos();
    }

    private void waitingForCoordinators() {
        report.notice("waiting for more coordinators: of " + inputs.node().coordinators()
                + " that are planned (node.coordinators) it takes "
                + inputs.node().quorum());
    }

    /** Whether this life ever took part. */
    boolean wasIn() {
        return joined;
    }

    private void diagnose() {
        Thread.ofVirtual()
                .name("murmuration-seeds")
                .start(() -> events.tell(
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
                CoordinatedShutdown.get(parts.system()).getShutdownReason();
        String text = reason.map(Object::toString).orElse("no reason given");
        LOG.warn("the actor system of node {} ended: {}", self.node(), text);
        if (reason.equals(Optional.of(CoordinatedShutdown.incompatibleConfigurationDetectedReason()))) {
            // Pekko's check does not say what differs; an answer to a greeting does, if it came in time.
            Optional<Outcome> told = events.left().stream()
                    .filter(NodeEvent.Joined.class::isInstance)
                    .flatMap(event -> on(event, new StopSignal()).stream())
                    .findFirst();
            return told.orElseGet(() -> new Outcome(
                    End.REFUSED,
                    "the cluster belongs to another run or speaks another protocol version than this node (run "
                            + self.run() + ", protocol version " + self.protocol() + ")"));
        }
        if (reason.equals(Optional.of(CoordinatedShutdown.clusterDowningReason()))) {
            return new Outcome(
                    End.REMOVED,
                    "node " + self.node() + " was removed from the cluster, because the others could not reach it");
        }
        return new Outcome(End.FAILED, "the actor system of node " + self.node() + " ended: " + text);
    }

    /** Leaves the cluster, if it still is in it, and lets go of everything. */
    @Override
    public void close() {
        wantedCheckpoints.giveUp("node " + self.node() + " is ending");
        parts.close();
    }
}
