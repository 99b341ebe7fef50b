package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * What a run did, in numbers. The definitions are those of docs/scenarios.md. Memory: a line per committed step and per
 * fault.
 */
public final class Measurements implements Observer {

    /** A committed step. */
    public record Step(long time, long step, double loss, int counted, int replayed, int shards) {}

    /** How many shards took part from a moment on. */
    public record Size(long time, int shards, int trainers) {}

    private final int stages;
    private final Predicate<Member> coordinator;
    private long controlOfCoordinators;
    private long controlOfOthers;
    private final List<Step> steps = new ArrayList<>();
    private final List<Size> sizes = new ArrayList<>();
    private final Recovery recovery;
    private final OptionalLong scenarioEnd;
    private final List<String> remarks = new ArrayList<>();
    private boolean wentBack;
    private final Set<Member> ejected = new TreeSet<>();
    private long computed;
    /** Of that, what was computed for steps that are not committed yet, by step. */
    private final TreeMap<Long, Long> open = new TreeMap<>();

    private long replayed;
    private double busy;
    private double shardTime;
    private int live;
    private long liveSince = -1;
    private long highest;
    private long version = -1;
    private long lost;
    private long end;
    private OptionalLong healed = OptionalLong.empty();
    private OptionalLong progressed = OptionalLong.empty();
    private Optional<RunEvent.Finished> finished = Optional.empty();
    private long finishedAt = Long.MAX_VALUE;
    private Optional<String> failed = Optional.empty();

    /**
     * Of one run.
     *
     * @param coordinator whether a member is a coordinator: its messages are counted apart
     * @param ofNetwork whether a fault, as it is described, is one of the network
     * @param scenarioEnd when the scenario ends; what is committed while it is only waited for the end counts for no rate
     */
    public Measurements(
            int stages, Predicate<Member> coordinator, Predicate<String> ofNetwork, Optional<Duration> scenarioEnd) {
        this.stages = stages;
        this.coordinator = coordinator;
        this.recovery = new Recovery(ofNetwork);
        this.scenarioEnd =
                scenarioEnd.map(end -> OptionalLong.of(end.toNanos())).orElse(OptionalLong.empty());
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        Optional<MicrobatchId> training =
                switch (task) {
                    case Compute.Loss loss -> Optional.of(loss.id());
                    case Compute.Backward backward -> Optional.of(backward.id());
                    default -> Optional.empty();
                };
        boolean ofShard =
                switch (task) {
                    case Compute.Draw draw -> false;
                    case Compute.KeepChunk chunk -> false;
                    case Compute.KeepCheckpoint keep -> false;
                    default -> true;
                };
        training.filter(id -> id.purpose() == Purpose.TRAIN && liveSince >= 0).ifPresent(id -> {
            computed++;
            if (id.step() >= version) {
                open.merge(id.step(), 1L, Long::sum);
            }
        });
        if (ofShard && liveSince >= 0) {
            busy += busyNanos;
        }
    }

    @Override
    public void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.Started started -> {
                // Whoever remembered more is gone, or the run has said that it goes back.
                if (started.version() < version) {
                    back(started.version(), "nobody remembered");
                }
                version = started.version();
                sized(time, started.roster());
            }
            case RunEvent.StepCommitted committed -> {
                // Who takes over tells of the last step once more, not knowing whether it was told.
                if (committed.step() + 1 != version) {
                    committed(time, committed);
                }
            }
            case RunEvent.RolledBack back -> back(back.to(), back.reason());
            case RunEvent.Rebuilt rebuilt ->
                remarks.add("stage " + rebuilt.stage() + " was built from its neighbours at version "
                        + rebuilt.version() + ", by gradients of norm " + rebuilt.below() + " before and "
                        + rebuilt.above() + " behind it");
            case RunEvent.Lost(Member member, String reason) -> recovery.lost(member);
            case RunEvent.HandedOver over -> recovery.handedOver();
            case RunEvent.TookOver over -> recovery.tookOver(over.coordinator());
            case RunEvent.Finished over -> {
                finished = Optional.of(over);
                finishedAt = Math.min(finishedAt, time);
                recovery.finished();
            }
            case RunEvent.Failed failure -> failed = Optional.of(failure.reason());
            default -> {}
        }
    }

    private void committed(long time, RunEvent.StepCommitted committed) {
        steps.add(new Step(
                time,
                committed.step(),
                committed.loss(),
                committed.counted(),
                committed.replayed(),
                committed.liveShards()));
        replayed += committed.replayed();
        version = committed.step() + 1;
        open.headMap(version).clear();
        highest = Math.max(highest, version);
        if (healed.isPresent() && progressed.isEmpty()) {
            progressed = OptionalLong.of(time);
        }
        sized(time, committed.roster());
        recovery.committed(time, committed.step(), committed.roster());
    }

    private void back(long to, String reason) {
        lost = Math.max(lost, highest - to);
        wentBack |= to < version;
        remarks.add("went back from version " + version + " to " + to + ": " + reason);
        // What is taken back was work for nothing, and is no step of the run.
        steps.removeIf(step -> step.step() >= to);
        open.clear();
        version = to;
    }

    @Override
    public void sent(long time, Envelope envelope) {
        if (liveSince >= 0) {
            if (coordinator.test(envelope.from())) {
                controlOfCoordinators++;
            } else {
                controlOfOthers++;
            }
        }
        switch (envelope.message()) {
            case MemberMessage.OpenStep open
            when open.purpose() == Purpose.TRAIN && !open.begun() ->
                recovery.opened(time, envelope.from(), open.step());
            case MemberMessage.StartOver(Epoch epoch, boolean fault, String reason)
            when fault -> ejected.add(envelope.to());
            default -> {}
        }
    }

    @Override
    public void healed(long time) {
        healed = OptionalLong.of(time);
    }

    private void sized(long time, Roster roster) {
        passed(time);
        live = roster.shards();
        if (sizes.isEmpty()
                || sizes.getLast().shards() != live
                || sizes.getLast().trainers() != roster.trainers().size()) {
            sizes.add(new Size(time, live, roster.trainers().size()));
        }
    }

    private void passed(long time) {
        if (liveSince >= 0) {
            shardTime += (double) live * (time - liveSince);
        }
        liveSince = time;
    }

    @Override
    public void ended(long time, Member member) {
        recovery.died(time, member);
    }

    @Override
    public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
        recovery.began(time, number, what, hit, lasting);
    }

    @Override
    public void faultEnded(long time, int number) {
        recovery.ended(time, number);
    }

    @Override
    public void over(long time) {
        end = time;
        if (liveSince >= 0) {
            passed(time);
        }
    }

    public List<Step> steps() {
        return List.copyOf(steps);
    }

    public List<Size> sizes() {
        return List.copyOf(sizes);
    }

    public List<Recovery.Fault> faults() {
        return recovery.faults();
    }

    /** Whether the run had to get over it. */
    public boolean countsForRecovery(Recovery.Fault fault) {
        return recovery.counts(fault);
    }

    /** What the run said about itself that a reader should know. */
    public List<String> remarks() {
        return List.copyOf(remarks);
    }

    public Optional<RunEvent.Finished> finished() {
        return finished;
    }

    public Optional<String> failed() {
        return failed;
    }

    /** Virtual nanoseconds that were looked at. */
    public long duration() {
        return end;
    }

    /** Longest time in nanoseconds from a fault to the first step without it; empty if there was none, or never. */
    public OptionalLong recovery() {
        return recovery.longest();
    }

    /** Nanoseconds from healing to the next committed step; empty if there was none, or nothing was healed. */
    public OptionalLong progressAfterHeal() {
        return progressed.isPresent()
                ? OptionalLong.of(progressed.getAsLong() - healed.getAsLong())
                : OptionalLong.empty();
    }

    /** Versions that were given up, at most. */
    public long lostSteps() {
        return lost;
    }

    public boolean wentBack() {
        return wentBack;
    }

    /** Microbatch-stages computed for training per counted one, less one; without what may still be counted. */
    public OptionalDouble wastedWork() {
        long counted = steps.stream().mapToLong(Step::counted).sum() * stages;
        return counted == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) decided() / counted - 1);
    }

    private long decided() {
        return computed - open.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Part of the shards' time in which they computed; modelled time. */
    public OptionalDouble utilisation() {
        return shardTime == 0 ? OptionalDouble.empty() : OptionalDouble.of(busy / shardTime);
    }

    /** Control messages sent by coordinators since the run began. */
    public long controlOfCoordinators() {
        return controlOfCoordinators;
    }

    /** Control messages sent by all others since the run began. */
    public long controlOfOthers() {
        return controlOfOthers;
    }

    public long replayed() {
        return replayed;
    }

    /** Microbatch-stages that shards computed for training. */
    public long computedMicrobatchStages() {
        return computed;
    }

    /** Members that were told to start over because of what they did. */
    public int ejected() {
        return ejected.size();
    }

    /**
     * Committed steps per second from the start of the run until it was finished, or the scenario or the run ended; a
     * standstill counts. Empty if the run never began.
     */
    public OptionalDouble stepsPerSecond() {
        if (sizes.isEmpty()) {
            return OptionalDouble.empty();
        }
        long from = sizes.getFirst().time();
        long to = until();
        long done = steps.stream().filter(step -> step.time() <= to).count();
        return to > from ? OptionalDouble.of(done * 1e9 / (to - from)) : OptionalDouble.empty();
    }

    private long until() {
        return Math.min(Math.min(finishedAt, end), scenarioEnd.orElse(Long.MAX_VALUE));
    }

    /**
     * Nanoseconds without a step before the end, where that is longer than {@code usual} and than two of any steps; empty if
     * the run went on until then.
     */
    public OptionalLong standstill(Duration usual) {
        long last = sizes.isEmpty() ? 0 : sizes.getFirst().time();
        long longest = usual.toNanos() / 2;
        for (Step step : steps) {
            longest = Math.max(longest, step.time() - last);
            last = step.time();
        }
        long still = until() - last;
        return still > 2 * longest ? OptionalLong.of(still) : OptionalLong.empty();
    }

    /** Mean loss of the last committed steps, at most {@code window}. */
    public OptionalDouble finalLoss(int window) {
        return steps.stream()
                .skip(Math.max(0, steps.size() - window))
                .mapToDouble(Step::loss)
                .average();
    }
}
