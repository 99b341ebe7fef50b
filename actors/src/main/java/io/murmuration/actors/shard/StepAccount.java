package io.murmuration.actors.shard;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Replay;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * What one shard admitted, computed and counted in the open step. A gradient once summed cannot be taken out again, so
 * every microbatch is counted at most once here, and after {@link #freeze} only by a replay.
 *
 * <p>Pure and single-threaded. Bounded: per upstream at most {@code credits} unfinished first attempts, one more for
 * re-sends and replays; finished ones keep their encoded bytes until the step is over, for whoever must be rebuilt.
 */
final class StepAccount {

    /** Where a microbatch is. */
    private enum State {
        /** Waits for the forward pass. */
        QUEUED,
        FORWARD,
        /** Its activations are with the next stage. */
        AWAITING_GRADIENT,
        /** Waits for the backward pass. */
        ANSWERED,
        BACKWARD,
        FINISHED,
        /** Cancelled, frozen or discarded: to be done anew if it comes again. */
        DROPPED
    }

    /**
     * Somebody who waits for an answer.
     *
     * @param wantsGradient false in stage 0, and where the sender of a replay has counted already
     */
    record Waiter(Member member, int attempt, boolean wantsGradient) {}

    /** What to compute next. */
    sealed interface Work {
        MicrobatchId id();
    }

    record ForwardWork(MicrobatchId id, byte[] tokens, Payload input) implements Work {}

    record LossWork(MicrobatchId id, byte[] tokens, Payload input, boolean count) implements Work {}

    record BackwardWork(MicrobatchId id, byte[] tokens, Payload input, Payload gradient, boolean count)
            implements Work {}

    /** What a finished forward pass asks for. */
    sealed interface AfterForward {}

    /** Send the activations on. */
    record PassOn(boolean resend) implements AfterForward {}

    /** The gradient waits with {@code holder}: ask for it. */
    record Fetch(Member holder) implements AfterForward {}

    /** Nobody wants it any more. */
    record Stop() implements AfterForward {}

    /** Whether a frame is taken. */
    sealed interface Admission {}

    record Taken() implements Admission {}

    /** It is finished already: answer at once. */
    record AlreadyFinished(Waiter waiter) implements Admission {}

    record Declined(Refusal refusal) implements Admission {}

    private static final class Slot {
        private final MicrobatchId id;
        private final List<Waiter> waiters = new ArrayList<>();
        /** Everybody who was answered. */
        private final List<Member> served = new ArrayList<>();

        private State state = State.DROPPED;
        private Optional<Replay> replay = Optional.empty();
        /** What to tell the next stage. */
        private Optional<Replay> outgoing = Optional.empty();

        private byte[] tokens = {};
        private Payload input = Payload.EMPTY;
        private Payload output = Payload.EMPTY;
        private Payload gradientIn = Payload.EMPTY;
        private Payload gradientOut = Payload.EMPTY;
        private double loss;
        private boolean counted;
        /** The version that its last forward pass was computed with. */
        private long version;
        /** What is being summed right now will be thrown away with the accumulator. */
        private boolean voided;

        private Slot(MicrobatchId id) {
            this.id = id;
        }

        private boolean unfinished() {
            return state != State.FINISHED && state != State.DROPPED;
        }

        private boolean computing() {
            return state == State.FORWARD || state == State.BACKWARD;
        }
    }

    private final int stage;
    private final boolean last;
    private final int credits;
    private final Map<MicrobatchId, Slot> slots = new TreeMap<>();
    private Purpose purpose = Purpose.TRAIN;
    private long step = -1;
    private int microbatches;
    private boolean open;
    private boolean frozen;
    private boolean sealed;

    StepAccount(int stage, int stages, int credits) {
        this.stage = stage;
        this.last = stage == stages - 1;
        this.credits = credits;
    }

    /** Begins a step; what the last one left is let go. */
    void open(Purpose newPurpose, long newStep, int count) {
        slots.clear();
        purpose = newPurpose;
        step = newStep;
        microbatches = count;
        open = true;
        frozen = false;
        sealed = false;
    }

    boolean isOpen(Purpose asked, long askedStep) {
        return open && purpose == asked && step == askedStep;
    }

    boolean isFrozen() {
        return frozen;
    }

    int microbatches() {
        return microbatches;
    }

    /**
     * Decides on an activation that has arrived.
     *
     * @param elsewhere what its sender has unfinished in other steps
     */
    Admission admit(DataFrame.Forward frame, long elsewhere) {
        MicrobatchId id = frame.id();
        boolean replay = frame.replay().isPresent();
        if (!isOpen(id.purpose(), id.step())) {
            return declined(Refusal.Reason.NOT_OPEN, "open is " + describe() + ", got " + id);
        }
        if (frame.stage() != stage || id.index() < 0 || id.index() >= microbatches) {
            return declined(
                    Refusal.Reason.INVALID, "this is stage " + stage + " with " + microbatches + " microbatches");
        }
        if (frozen && !replay) {
            return declined(Refusal.Reason.NOT_OPEN, "step " + step + " is closed");
        }
        Member upstream = frame.route().from();
        Slot slot = slots.get(id);
        if (slot != null && slot.state == State.FINISHED && (slot.counted || !counts(slot, frame.replay()))) {
            return new AlreadyFinished(waiter(frame));
        }
        // What is averaged already may be computed again for a neighbour, but not counted.
        if (sealed && frame.replay().map(order -> order.counts(stage)).orElse(true)) {
            return declined(Refusal.Reason.NOT_OPEN, "step " + step + " is being averaged");
        }
        int limit = frame.attempt() > 1 || replay ? credits + 1 : credits;
        if (!waits(slot, upstream) && elsewhere + inFlight(upstream) >= limit) {
            return declined(Refusal.Reason.NO_CREDIT, upstream + " has " + limit + " microbatches here");
        }
        if (slot == null) {
            slot = new Slot(id);
            slots.put(id, slot);
        }
        boolean redirected = replay && !slot.replay.equals(frame.replay());
        if (redirected) {
            slot.replay = frame.replay();
            slot.outgoing = frame.replay();
        }
        // Under another order the gradient comes another way: what was asked for under the old one may never come.
        boolean startOver = redirected && slot.state == State.AWAITING_GRADIENT;
        if (!slot.unfinished() || startOver) {
            slot.tokens = frame.tokens();
            slot.input = frame.payload();
            slot.state = State.QUEUED;
        }
        slot.waiters.removeIf(waiter -> waiter.member().equals(upstream));
        slot.waiters.add(waiter(frame));
        return new Taken();
    }

    private Waiter waiter(DataFrame.Forward frame) {
        boolean wantsGradient = stage > 0
                && frame.id().purpose() == Purpose.TRAIN
                && frame.replay().map(replay -> replay.from() < stage).orElse(true);
        return new Waiter(frame.route().from(), frame.attempt(), wantsGradient);
    }

    private static boolean waits(Slot slot, Member upstream) {
        return slot != null
                && slot.unfinished()
                && slot.waiters.stream().anyMatch(waiter -> waiter.member().equals(upstream));
    }

    /** Microbatches that {@code upstream} waits for. */
    long inFlight(Member upstream) {
        return slots.values().stream().filter(slot -> waits(slot, upstream)).count();
    }

    private boolean counts(Slot slot, Optional<Replay> replay) {
        return slot.id.purpose() == Purpose.TRAIN
                && replay.map(order -> order.counts(stage)).orElse(!frozen);
    }

    /** In which order there is to be computed. */
    enum Urgency {
        BACKWARD,
        REPLAY,
        FORWARD
    }

    /**
     * The lowest microbatch of that urgency.
     *
     * @param version with which it will be computed
     */
    Optional<Work> nextWork(Urgency urgency, long version) {
        Predicate<Slot> wanted =
                switch (urgency) {
                    case BACKWARD -> slot -> slot.state == State.ANSWERED;
                    case REPLAY -> slot -> slot.state == State.QUEUED && slot.replay.isPresent();
                    case FORWARD -> slot -> slot.state == State.QUEUED;
                };
        return first(wanted).map(slot -> start(slot, version));
    }

    private Optional<Slot> first(Predicate<Slot> filter) {
        return slots.values().stream().filter(filter).findFirst();
    }

    private Work start(Slot slot, long version) {
        if (slot.state == State.QUEUED) {
            slot.version = version;
        }
        // Admitted before the seal or not: an average under way must not change.
        boolean count = !sealed && !slot.counted && counts(slot, slot.replay);
        if (slot.state == State.ANSWERED) {
            slot.state = State.BACKWARD;
            return new BackwardWork(slot.id, slot.tokens, slot.input, slot.gradientIn, count);
        }
        if (last) {
            slot.state = State.BACKWARD;
            return new LossWork(slot.id, slot.tokens, slot.input, count);
        }
        slot.state = State.FORWARD;
        return new ForwardWork(slot.id, slot.tokens, slot.input);
    }

    /** The forward pass is done; its bytes stay in custody. */
    AfterForward forwardDone(MicrobatchId id, Payload output) {
        Slot slot = slots.get(id);
        if (slot == null || slot.state != State.FORWARD) {
            return new Stop();
        }
        slot.output = output;
        if ((frozen && slot.replay.isEmpty()) || (slot.waiters.isEmpty() && slot.replay.isEmpty() && stage > 0)) {
            slot.state = State.DROPPED;
            return new Stop();
        }
        slot.state = State.AWAITING_GRADIENT;
        return fetch(slot).<AfterForward>map(Fetch::new).orElseGet(() -> new PassOn(slot.replay.isPresent()));
    }

    private Optional<Member> fetch(Slot slot) {
        return slot.replay.filter(replay -> replay.to() == stage).flatMap(Replay::gradientHolder);
    }

    /** From whom the gradient of a replay is to be fetched, while it is still missing. */
    Map<MicrobatchId, Member> fetches() {
        Map<MicrobatchId, Member> fetches = new TreeMap<>();
        slots.forEach((id, slot) -> {
            if (slot.state == State.AWAITING_GRADIENT) {
                fetch(slot).ifPresent(holder -> fetches.put(id, holder));
            }
        });
        return fetches;
    }

    /** Takes a gradient; false if it is not wanted here (any more). */
    boolean gradient(DataFrame.Backward frame) {
        Slot slot = slots.get(frame.id());
        if (slot == null || slot.state != State.AWAITING_GRADIENT) {
            return false;
        }
        slot.gradientIn = frame.payload();
        slot.loss = frame.loss();
        if (slot.id.purpose() == Purpose.EVALUATE) {
            slot.state = State.FINISHED;
        } else {
            slot.state = State.ANSWERED;
        }
        return true;
    }

    /** Forward and backward of the last stage are done. */
    List<Waiter> lossDone(MicrobatchId id, double loss, Payload gradientOut, boolean counted) {
        Slot slot = slots.get(id);
        if (slot == null) {
            return List.of();
        }
        slot.loss = loss;
        return finish(slot, gradientOut, counted);
    }

    /** The backward pass is done; the result are those who wait for its gradient. */
    List<Waiter> backwardDone(MicrobatchId id, Payload gradientOut, boolean counted) {
        Slot slot = slots.get(id);
        return slot == null ? List.of() : finish(slot, gradientOut, counted);
    }

    private List<Waiter> finish(Slot slot, Payload gradientOut, boolean counted) {
        slot.gradientOut = gradientOut;
        slot.gradientIn = Payload.EMPTY;
        slot.input = Payload.EMPTY;
        slot.counted |= counted && !slot.voided;
        slot.voided = false;
        slot.state = State.FINISHED;
        return takeWaiters(slot.id);
    }

    /** Those who wait for a finished microbatch; they are told once. */
    List<Waiter> takeWaiters(MicrobatchId id) {
        Slot slot = slots.get(id);
        List<Waiter> waiters = List.copyOf(slot.waiters);
        slot.waiters.clear();
        waiters.forEach(waiter -> slot.served.add(waiter.member()));
        return waiters;
    }

    /** Another attempt won. True if the microbatch was dropped, so that its own attempts further on can be cancelled. */
    boolean cancel(MicrobatchId id, Member member, int attempt) {
        Slot slot = slots.get(id);
        if (slot == null || !slot.unfinished()) {
            return false;
        }
        slot.waiters.removeIf(waiter -> waiter.member().equals(member) && waiter.attempt() <= attempt);
        if (slot.waiters.isEmpty() && !slot.computing()) {
            slot.state = State.DROPPED;
            return true;
        }
        return false;
    }

    /**
     * Upstreams have changed. Who is gone waits no longer; what was not begun for them is dropped, because it will be sent
     * again; the result is what is already under way or finished for them.
     */
    List<MicrobatchId> upstreams(List<Member> present) {
        List<MicrobatchId> orphans = new ArrayList<>();
        for (Slot slot : slots.values()) {
            boolean lost = slot.waiters.removeIf(waiter -> !present.contains(waiter.member()))
                    | slot.served.removeIf(member -> !present.contains(member));
            if (lost && slot.waiters.isEmpty()) {
                if (slot.state == State.QUEUED && stage > 0) {
                    slot.state = State.DROPPED;
                } else if (slot.state != State.DROPPED) {
                    orphans.add(slot.id);
                }
            }
        }
        return orphans;
    }

    /** Stage 0: losses of what is finished. */
    SortedMap<Integer, Double> finishedLosses() {
        SortedMap<Integer, Double> losses = new TreeMap<>();
        slots.forEach((id, slot) -> {
            if (slot.state == State.FINISHED) {
                losses.put(id.index(), slot.loss);
            }
        });
        return losses;
    }

    /**
     * Stage 0: {@code owner} takes over those of {@code asked} that are under way for nobody; the result is what it now
     * waits for here.
     */
    List<Integer> adopt(Member owner, List<Integer> asked) {
        List<Integer> indices = new ArrayList<>();
        for (Slot slot : slots.values()) {
            if (slot.unfinished() && slot.waiters.isEmpty() && asked.contains(slot.id.index())) {
                slot.waiters.add(new Waiter(owner, 1, false));
            }
            if (waits(slot, owner)) {
                indices.add(slot.id.index());
            }
        }
        return indices;
    }

    /** Closes the step to all but replays: what is not being computed is dropped. */
    void freeze() {
        if (frozen) {
            return;
        }
        frozen = true;
        for (Slot slot : slots.values()) {
            if (slot.unfinished() && !slot.computing()) {
                slot.state = State.DROPPED;
                slot.waiters.clear();
            }
        }
    }

    /** Nothing counts any more, not even a replay, until {@link #unseal}. */
    void seal() {
        sealed = true;
    }

    void unseal() {
        sealed = false;
    }

    /** The accumulator was thrown away: nothing is counted, though the kept bytes stay good. */
    void discard() {
        sealed = false;
        for (Slot slot : slots.values()) {
            slot.counted = false;
            slot.voided = slot.state == State.BACKWARD;
        }
    }

    /** Of every microbatch counted here, by how many versions the one it was computed with is behind that of the step. */
    List<Long> staleness() {
        return slots.values().stream()
                .filter(slot -> slot.counted)
                .map(slot -> step - slot.version)
                .toList();
    }

    /** Indices counted here, ascending. */
    List<Integer> counted() {
        return slots.values().stream()
                .filter(slot -> slot.counted)
                .map(slot -> slot.id.index())
                .toList();
    }

    /** Microbatches that wait for a pass. */
    long waiting() {
        return slots.values().stream()
                .filter(slot -> slot.state == State.QUEUED || slot.state == State.ANSWERED)
                .count();
    }

    boolean computing() {
        return slots.values().stream().anyMatch(Slot::computing);
    }

    boolean isFinished(MicrobatchId id) {
        return slots.containsKey(id) && slots.get(id).state == State.FINISHED;
    }

    /** Everything needed to send a microbatch's activations (again). */
    Optional<Kept> kept(MicrobatchId id) {
        return Optional.ofNullable(slots.get(id))
                .filter(slot -> slot.output.size() > 0)
                .map(slot -> new Kept(slot.tokens, slot.output, slot.outgoing));
    }

    /** The kept activations are to be sent again, for {@code replay}; false if there are none. */
    boolean replayFrom(MicrobatchId id, Replay replay) {
        Slot slot = slots.get(id);
        if (slot == null || slot.output.size() == 0) {
            return false;
        }
        slot.outgoing = Optional.of(replay);
        return true;
    }

    record Kept(byte[] tokens, Payload output, Optional<Replay> replay) {}

    /** The gradient that was sent upstream, kept until the step is over. */
    Optional<Payload> keptGradient(MicrobatchId id) {
        return Optional.ofNullable(slots.get(id))
                .filter(slot -> slot.state == State.FINISHED)
                .map(slot -> slot.gradientOut);
    }

    /** Its activations are with the next stage, or its gradient is asked for elsewhere. */
    boolean awaitsGradient(MicrobatchId id) {
        Slot slot = slots.get(id);
        return slot != null && slot.state == State.AWAITING_GRADIENT;
    }

    double loss(MicrobatchId id) {
        return slots.get(id).loss;
    }

    /** For logs: every microbatch and where it is. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(describe());
        text.append(sealed ? " sealed" : frozen ? " frozen" : "");
        slots.forEach((id, slot) -> text.append("; ")
                .append(id)
                .append(' ')
                .append(slot.state)
                .append(slot.counted ? " counted" : "")
                .append(slot.waiters.isEmpty() ? "" : " for " + slot.waiters));
        return text.toString();
    }

    private String describe() {
        return open ? purpose + " " + step : "nothing";
    }

    private static Admission declined(Refusal.Reason reason, String detail) {
        return new Declined(Refusal.of(reason, detail));
    }
}
