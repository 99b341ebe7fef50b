package io.murmuration.cluster.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.transport.WireCounts;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Turns the coordinator's events into what a {@link RunListener} hears, and keeps the totals. One thread at a time. */
public final class RunProgress {

    private final RunPlan plan;
    private final TrainingSetup setup;
    private final WireCounts wire;
    private final RunListener listener;
    private final int shards;
    private final long tokensPerStep;
    private final int windowsPerMicrobatch;
    /** Checkpoints on disk by version; written to by the thread that made them. */
    private final Map<Long, Path> checkpoints = new ConcurrentHashMap<>();

    private RunInfo info;
    private boolean started;
    private int liveShards;
    private long lastNanos;
    private long trainingNanos;
    private long steps;
    private long microbatches;
    private double trainLoss = Double.NaN;
    private double validationLoss = Double.NaN;
    private Optional<Path> newest = Optional.empty();

    public RunProgress(RunSettings settings, TrainingSetup setup, RunPlan plan, WireCounts wire, RunListener listener) {
        this.plan = plan;
        this.setup = setup;
        this.wire = wire;
        this.listener = listener;
        this.shards = settings.swarm().shards();
        this.tokensPerStep =
                (long) settings.batch().sequences() * settings.model().sequence();
        this.windowsPerMicrobatch = settings.batch().microbatch();
    }

    /** What is about to be done, for {@link RunListener#started}; before the first event. */
    public void describe(long parameters, String backend, String corpus, double bytesPerToken) {
        info = new RunInfo(
                plan.firstVersion() + 1, plan.lastVersion(), parameters, shards, backend, corpus, bytesPerToken);
    }

    /** A checkpoint is complete on disk. Any thread. */
    public void written(long version, Path folder) {
        checkpoints.put(version, folder);
    }

    /** @return how the run ended, if it did */
    public Optional<RunResult> on(RunEvent event) {
        switch (event) {
            case RunEvent.Started(Roster roster, long version) -> {
                liveShards = roster.shards();
                lastNanos = System.nanoTime();
                if (!started) {
                    started = true;
                    listener.started(info);
                }
            }
            case RunEvent.StepCommitted committed -> stepped(committed);
            case RunEvent.Evaluated(long version, double loss, int count) -> {
                validationLoss = loss;
                listener.validated(
                        new ValidationReport(version, loss, count * windowsPerMicrobatch, info.bytesPerToken()));
                // Looking at validation text is not training: it does not count in the rate.
                lastNanos = System.nanoTime();
            }
            case RunEvent.Lost(Member member, String reason) -> listener.shardLost(member + ": " + reason);
            case RunEvent.GivenUp(Member member, String reason) -> {
                if (!started) {
                    throw new RunFailed(member.peer() + " cannot start: " + reason);
                }
                listener.shardLost(member + " failed too often and is given up: " + reason);
            }
            case RunEvent.Joined(Member member, long version) ->
                listener.shardRestarted(member + " at version " + version);
            case RunEvent.Moving(Member member, int from, int to, long version) ->
                listener.noticed(member + " moves from stage " + from + " to stage " + to + " at version " + version);
            case RunEvent.Moved(Member member, int from, int to, long version) ->
                listener.noticed(
                        member + " has moved from stage " + from + " to stage " + to + " at version " + version);
            case RunEvent.MoveDropped(Member member, int from, int to, String reason) ->
                listener.noticed(
                        member + " does not move from stage " + from + " to stage " + to + " after all: " + reason);
            case RunEvent.Joining joining -> {}
            case RunEvent.Fetching fetching -> {}
            case RunEvent.JoinFailed failed -> {}
            case RunEvent.BadDonor bad -> {}
            case RunEvent.Unsound(Member keeper, long version, String reason) ->
                listener.checkpointFailed(version, keeper + " holds it damaged: " + reason);
            case RunEvent.Rejected(Member member, String reason) ->
                listener.shardLost(member + " is rejected: " + reason);
            case RunEvent.Kept(long version, List<Member> keepers) -> {
                newest = Optional.ofNullable(checkpoints.get(version));
                newest.ifPresent(folder -> listener.checkpointed(version, folder));
            }
            case RunEvent.Paused(long version) -> listener.noticed("the run is paused at version " + version);
            case RunEvent.Resumed(long version) -> {
                // Standing still is not training: it does not count in the rate.
                lastNanos = System.nanoTime();
                listener.noticed("the run goes on from version " + version);
            }
            case RunEvent.NotKept(long version, String reason) -> listener.checkpointFailed(version, reason);
            case RunEvent.RolledBack(long from, long to, String reason) ->
                listener.noticed("the run goes back from version " + from + " to " + to + ", " + (from - to)
                        + " steps are lost: " + reason);
            case RunEvent.Rebuilding(int stage, long version, String reason) ->
                listener.noticed(
                        "stage " + stage + " is built from its neighbours at version " + version + ": " + reason);
            case RunEvent.Rebuilt(Member member, int stage, long version, double below, double above) ->
                listener.noticed("stage " + stage + " is there again at version " + version + ", built by " + member
                        + "; what it had learnt of its own is lost");
            case RunEvent.Waiting(String reason) -> listener.noticed("the run waits: " + reason);
            case RunEvent.TookOver tookOver -> {
                // What went before was another's: neither its time nor its start is ours.
                lastNanos = System.nanoTime();
                started = true;
                listener.noticed(tookOver.coordinator() + " took over in term " + tookOver.term() + " at version "
                        + tookOver.version() + ": " + tookOver.how());
            }
            case RunEvent.Superseded superseded ->
                listener.noticed(superseded.coordinator() + " coordinates no longer: " + superseded.reason());
            case RunEvent.HandedOver handedOver ->
                listener.noticed(handedOver.coordinator() + " hands over at version " + handedOver.version());
            case RunEvent.Left(Member member, long version) -> listener.noticed(member + " left at version " + version);
            case RunEvent.Failed(String reason) -> throw new RunFailed(reason);
            case RunEvent.Finished finished -> {
                return Optional.of(new RunResult(
                        finished.version(),
                        trainLoss,
                        validationLoss,
                        info.bytesPerToken(),
                        rate(microbatches * tokensPerMicrobatch(), trainingNanos),
                        wire.encodedBytes(),
                        microbatches,
                        finished.digests(),
                        finished.stopped(),
                        newest,
                        Collections.emptySortedMap()));
            }
        }
        return Optional.empty();
    }

    private void stepped(RunEvent.StepCommitted committed) {
        long now = System.nanoTime();
        long nanos = now - lastNanos;
        lastNanos = now;
        trainingNanos += nanos;
        steps++;
        microbatches += committed.counted();
        trainLoss = committed.loss();
        liveShards = committed.liveShards();
        long number = committed.step() + 1;
        listener.stepped(new StepReport(
                number,
                committed.loss(),
                committed.gradientNorm(),
                setup.schedule().learningRate(number),
                rate(tokensPerStep, nanos),
                steps * tokensPerStep,
                wire.encodedBytes(),
                wire.uncompressedBytes(),
                liveShards,
                microbatches));
    }

    private long tokensPerMicrobatch() {
        return tokensPerStep / plan.microbatches();
    }

    private static double rate(long tokens, long nanos) {
        return nanos == 0 ? 0 : tokens / (nanos * 1e-9);
    }
}
