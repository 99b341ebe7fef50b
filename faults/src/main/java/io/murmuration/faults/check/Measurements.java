package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

    /**
     * A fault.
     *
     * @param end when it was healed; empty for what is over at once and for what is in force until the run ends
     * @param lasting whether it has a length at all
     * @param recovered when the first step was committed without those it hit, or after it had ended
     */
    public record Fault(
            int number,
            String what,
            List<Member> hit,
            boolean lasting,
            long begin,
            OptionalLong end,
            OptionalLong recovered) {
        public Fault {
            hit = List.copyOf(hit);
        }

        private Fault ended(long time) {
            return new Fault(number, what, hit, lasting, begin, OptionalLong.of(time), recovered);
        }

        private Fault recovered(long time) {
            return new Fault(number, what, hit, lasting, begin, end, OptionalLong.of(time));
        }
    }

    private final int stages;
    private final Predicate<Member> coordinator;
    private long controlOfCoordinators;
    private long controlOfOthers;
    private final List<Step> steps = new ArrayList<>();
    private final List<Size> sizes = new ArrayList<>();
    private final Map<Integer, Fault> faults = new LinkedHashMap<>();
    private final List<String> remarks = new ArrayList<>();
    private final Set<Long> rolledBack = new TreeSet<>();
    private final Set<Member> gone = new TreeSet<>();
    private long computed;
    private long counted;
    private long replayed;
    private double busy;
    private double shardTime;
    private int live;
    private long liveSince = -1;
    private long highest;
    private long version = -1;
    private long lost;
    private long end;
    private final Map<Long, Long> opened = new TreeMap<>();
    private OptionalLong healed = OptionalLong.empty();
    private OptionalLong progressed = OptionalLong.empty();
    private Optional<RunEvent.Finished> finished = Optional.empty();
    private Optional<String> failed = Optional.empty();

    /** @param coordinator whether a member is a coordinator: its messages are counted apart */
    public Measurements(int stages, Predicate<Member> coordinator) {
        this.stages = stages;
        this.coordinator = coordinator;
    }

    @Override
    public void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
        boolean training =
                switch (task) {
                    case Compute.Loss loss -> loss.id().purpose() == Purpose.TRAIN;
                    case Compute.Backward backward -> backward.id().purpose() == Purpose.TRAIN;
                    default -> false;
                };
        boolean ofShard =
                switch (task) {
                    case Compute.Draw draw -> false;
                    case Compute.KeepChunk chunk -> false;
                    case Compute.KeepCheckpoint keep -> false;
                    default -> true;
                };
        if (training && liveSince >= 0) {
            computed++;
        }
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
            case RunEvent.Finished over -> finished = Optional.of(over);
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
        counted += (long) committed.counted() * stages;
        replayed += committed.replayed();
        version = committed.step() + 1;
        highest = Math.max(highest, version);
        if (healed.isPresent() && progressed.isEmpty()) {
            progressed = OptionalLong.of(time);
        }
        sized(time, committed.roster());
        long began = opened.getOrDefault(committed.step(), 0L);
        faults.replaceAll((number, fault) -> over(fault, committed.roster(), began) ? fault.recovered(time) : fault);
        opened.keySet().removeIf(step -> step <= committed.step());
    }

    private void back(long to, String reason) {
        lost = Math.max(lost, highest - to);
        rolledBack.add(to);
        remarks.add("went back from version " + version + " to " + to + ": " + reason);
        version = to;
    }

    /**
     * A step was committed without those who were hit, or after they were well again. Where nobody was hit but links or
     * disks, it must have begun after the fault.
     */
    private boolean over(Fault fault, Roster roster, long began) {
        if (fault.recovered().isPresent()) {
            return false;
        }
        if (fault.hit().isEmpty()) {
            return began >= fault.begin();
        }
        return fault.hit().stream().noneMatch(roster::contains)
                || (fault.end().isPresent() && fault.hit().stream().noneMatch(gone::contains));
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
        if (envelope.message() instanceof MemberMessage.OpenStep open
                && open.purpose() == Purpose.TRAIN
                && !open.begun()) {
            opened.put(open.step(), time);
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
        gone.add(member);
    }

    @Override
    public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
        faults.put(number, new Fault(number, what, hit, lasting, time, OptionalLong.empty(), OptionalLong.empty()));
    }

    @Override
    public void faultEnded(long time, int number) {
        faults.computeIfPresent(number, (known, fault) -> fault.ended(time));
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

    public List<Fault> faults() {
        return List.copyOf(faults.values());
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

    /** Longest time in nanoseconds from a fault to the first step without it; empty if one was never recovered from. */
    public OptionalLong recovery() {
        long longest = 0;
        for (Fault fault : faults.values()) {
            if (fault.recovered().isEmpty()) {
                return OptionalLong.empty();
            }
            longest = Math.max(longest, fault.recovered().getAsLong() - fault.begin());
        }
        return OptionalLong.of(longest);
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
        return !rolledBack.isEmpty();
    }

    /** Microbatch-stages computed for training per counted one, less one. */
    public OptionalDouble wastedWork() {
        return counted == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) computed / counted - 1);
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

    /** Committed steps per second between the start of the run and its last committed step. */
    public OptionalDouble stepsPerSecond() {
        if (steps.isEmpty() || sizes.isEmpty()) {
            return OptionalDouble.empty();
        }
        long from = sizes.getFirst().time();
        long to = steps.getLast().time();
        return to > from ? OptionalDouble.of(steps.size() * 1e9 / (to - from)) : OptionalDouble.empty();
    }

    /** Mean loss of the last committed steps, at most {@code window}. */
    public OptionalDouble finalLoss(int window) {
        return steps.stream()
                .skip(Math.max(0, steps.size() - window))
                .mapToDouble(Step::loss)
                .average();
    }
}
