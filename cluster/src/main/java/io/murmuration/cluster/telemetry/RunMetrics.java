package io.murmuration.cluster.telemetry;

import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.telemetry.Span;
import io.murmuration.actors.telemetry.Telemetry;
import io.murmuration.actors.telemetry.Telemetry.Counter;
import io.murmuration.actors.telemetry.Telemetry.Gauge;
import io.murmuration.actors.telemetry.Telemetry.Label;
import io.murmuration.actors.telemetry.Telemetry.Timer;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.membership.DirectoryEntry;
import io.murmuration.cluster.membership.Whereabouts;
import io.murmuration.cluster.transport.WireCounts;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a node that leads knows of the run as a whole, from its coordinator's events, and what every node knows of who is
 * there. One thread.
 */
final class RunMetrics {

    /** Membership changes over seconds. */
    private static final long LOOK_NANOS = Duration.ofSeconds(1).toNanos();

    private final Telemetry telemetry;
    private final int planned;
    private final long tokensPerStep;

    private final Counter steps;
    private final Counter microbatches;
    private final Counter tokens;
    private final Counter replayed;
    private final Counter lost;
    private final Counter mismatches;
    private final Counter rollbacks;
    private final Counter rebuilds;
    private final Counter joins;
    private final Counter failedJoins;
    private final Counter moves;
    private final Counter droppedMoves;
    private final Counter takeOvers;
    private final Timer stepTime;
    private final Gauge version;
    private final Gauge loss;
    private final Gauge validationLoss;
    private final Gauge gradientNorm;
    private final Gauge participation;
    private final Gauge term;
    private final Gauge number;
    private final Gauge nodes;
    private final Gauge unreachable;
    private final Gauge leads;
    private final String node;

    /** Of the life that was looked at last. */
    private WireCounts counted = new WireCounts();

    private final Map<String, Long> turnedAway = new TreeMap<>();

    private Span step = Span.NONE;
    private long stepBegan;
    private boolean stepOpen;
    private long looked;

    /** @param node the name of this one */
    RunMetrics(Telemetry telemetry, RunSettings run, String node) {
        this.telemetry = telemetry;
        this.node = node;
        this.planned = run.swarm().shards();
        this.tokensPerStep = (long) run.batch().sequences() * run.model().sequence();
        this.steps = telemetry.counter("run.steps");
        this.microbatches = telemetry.counter("run.microbatches");
        this.tokens = telemetry.counter("run.tokens");
        this.replayed = telemetry.counter("run.replayed");
        this.lost = telemetry.counter("run.members.lost");
        this.mismatches = telemetry.counter("run.digest.mismatches");
        this.rollbacks = telemetry.counter("run.rollbacks");
        this.rebuilds = telemetry.counter("run.rebuilds");
        this.joins = telemetry.counter("run.joins", new Label("result", "in"));
        this.failedJoins = telemetry.counter("run.joins", new Label("result", "failed"));
        this.moves = telemetry.counter("run.moves", new Label("result", "done"));
        this.droppedMoves = telemetry.counter("run.moves", new Label("result", "dropped"));
        this.takeOvers = telemetry.counter("run.takeovers");
        this.stepTime = telemetry.timer("run.step");
        this.version = telemetry.gauge("run.version");
        this.loss = telemetry.gauge("run.loss", new Label("of", "training"));
        this.validationLoss = telemetry.gauge("run.loss", new Label("of", "validation"));
        this.gradientNorm = telemetry.gauge("run.gradient.norm");
        this.participation = telemetry.gauge("run.participation");
        this.term = telemetry.gauge("roster.term");
        this.number = telemetry.gauge("roster.number");
        this.nodes = telemetry.gauge("cluster.nodes");
        this.unreachable = telemetry.gauge("cluster.unreachable");
        this.leads = telemetry.gauge("run.leads");
        this.looked = System.nanoTime() - LOOK_NANOS;
    }

    void on(RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> {
                version.set(started.version());
                epoch(started.roster().epoch());
                begin(started.version());
            }
            case RunEvent.TookOver tookOver -> {
                takeOvers.add(1);
                version.set(tookOver.version());
                begin(tookOver.version());
            }
            case RunEvent.StepCommitted committed -> committed(committed);
            case RunEvent.Evaluated evaluated -> {
                validationLoss.set(evaluated.loss());
                // Looking at validation text is no part of a step.
                begin(evaluated.version());
            }
            case RunEvent.Lost gone -> {
                lost.add(1);
                if (gone.differed()) {
                    mismatches.add(1);
                }
            }
            case RunEvent.RolledBack back -> {
                rollbacks.add(1);
                version.set(back.to());
                abandon("the run goes back: " + back.reason());
            }
            case RunEvent.Rebuilding rebuilding -> abandon("a stage is built anew: " + rebuilding.reason());
            case RunEvent.Rebuilt rebuilt -> {
                rebuilds.add(1);
                begin(rebuilt.version());
            }
            case RunEvent.Waiting waiting -> abandon("the run waits: " + waiting.reason());
            case RunEvent.Superseded superseded -> abandon("another coordinator leads");
            case RunEvent.Paused paused -> abandon("the run is paused");
            case RunEvent.Resumed resumed -> begin(resumed.version());
            case RunEvent.HandedOver handedOver -> abandon("handed over to another coordinator");
            case RunEvent.Joined joined -> joins.add(1);
            case RunEvent.JoinFailed failed -> failedJoins.add(1);
            case RunEvent.Moving moving -> {}
            case RunEvent.Moved moved -> moves.add(1);
            case RunEvent.MoveDropped dropped -> droppedMoves.add(1);
            case RunEvent.Rejected rejected -> failedJoins.add(1);
            case RunEvent.Failed failed -> abandon(failed.reason());
            // After the last step another was begun that will not come.
            case RunEvent.Finished finished -> stepOpen = false;
            case RunEvent.Left left -> {}
            case RunEvent.GivenUp givenUp -> {}
            case RunEvent.Joining joining -> {}
            case RunEvent.Fetching fetching -> {}
            case RunEvent.BadDonor bad -> {}
            case RunEvent.Unsound unsound -> {}
            case RunEvent.Kept kept -> {}
            case RunEvent.NotKept notKept -> {}
        }
    }

    private void committed(RunEvent.StepCommitted committed) {
        steps.add(1);
        microbatches.add(committed.counted());
        tokens.add(tokensPerStep);
        replayed.add(committed.replayed());
        loss.set(committed.loss());
        gradientNorm.set(committed.gradientNorm());
        participation.set((double) committed.liveShards() / planned);
        version.set(committed.step() + 1);
        epoch(committed.roster().epoch());
        if (stepOpen) {
            stepTime.record(System.nanoTime() - stepBegan);
            if (step != Span.NONE) {
                step.tag("microbatches", committed.counted()).tag("replayed", committed.replayed());
                step.tag("epoch", committed.roster().epoch().toString()).end();
            }
        }
        begin(committed.step() + 1);
    }

    private void begin(long number) {
        stepOpen = true;
        stepBegan = System.nanoTime();
        step = telemetry.trace("step").tag("step", number);
    }

    private void abandon(String reason) {
        if (stepOpen) {
            stepOpen = false;
            step.fail(reason).end();
        }
    }

    private void epoch(Epoch epoch) {
        term.set(epoch.term());
        number.set(epoch.number());
    }

    void look(Whereabouts whereabouts, WireCounts wire) {
        long now = System.nanoTime();
        if (now - looked < LOOK_NANOS) {
            return;
        }
        looked = now;
        turnedAway(wire);
        List<DirectoryEntry> entries = whereabouts.entries();
        nodes.set(entries.size());
        leads.set(whereabouts.leader().filter(node::equals).isPresent() ? 1 : 0);
        unreachable.set(entries.stream()
                .filter(entry -> whereabouts.unreachable(entry.node()))
                .count());
    }

    /** Every life counts from nothing, and all of them together are what a Prometheus sees. */
    private void turnedAway(WireCounts wire) {
        if (wire != counted) {
            counted = wire;
            turnedAway.clear();
        }
        wire.turnedAway().forEach((reason, times) -> {
            long before = Optional.ofNullable(turnedAway.put(reason, times)).orElse(0L);
            if (times > before) {
                telemetry
                        .counter("wire.turned.away", new Label("reason", reason))
                        .add(times - before);
            }
        });
    }
}
