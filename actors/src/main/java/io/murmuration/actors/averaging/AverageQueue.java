package io.murmuration.actors.averaging;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Refusal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The averages a joiner hears while its snapshot is on its way, as their owners encoded them, until it can apply them: by
 * step, the parts of the latest round, and once it is known which round was committed, those of that round. Bounded by
 * bytes. Pure and single-threaded.
 */
public final class AverageQueue {

    /** A range of the average. */
    public record Part(long offset, long length, Payload average) {}

    /** A whole average whose turn it is. */
    public record Committed(long step, double gradientNorm, List<Part> parts) {
        public Committed {
            parts = List.copyOf(parts);
        }
    }

    private record Key(Member owner, int part) implements Comparable<Key> {
        @Override
        public int compareTo(Key other) {
            int byPart = Integer.compare(part, other.part);
            return byPart != 0 ? byPart : owner.compareTo(other.owner);
        }
    }

    private record Commit(List<Member> participants, double gradientNorm) {}

    private static final class Step {
        private long round = -1;
        private final Map<Key, Payload> parts = new TreeMap<>();
        private Optional<Commit> commit = Optional.empty();
    }

    /** What a part costs beside its bytes, so that empty ones cost something. */
    private static final int PART_OVERHEAD = 64;

    private final long partLength;
    private final long byteLimit;
    private final TreeMap<Long, Step> steps = new TreeMap<>();
    private long next;
    private long bytes;
    private boolean overflown;

    /**
     * @param firstStep the first step whose average is wanted: the version of the snapshot
     * @param partLength most numbers in a part, as for those who average
     * @param byteLimit most bytes of parts that are kept
     */
    public AverageQueue(long firstStep, long partLength, long byteLimit) {
        this.next = firstStep;
        this.partLength = partLength;
        this.byteLimit = byteLimit;
    }

    /** Takes a part of an average, or says why not; what is not needed any more is taken and forgotten. */
    public Optional<Refusal> take(DataFrame.AveragePart frame) {
        if (!frame.average() || frame.part() < 0) {
            return Optional.of(
                    Refusal.of(Refusal.Reason.INVALID, "a joiner reduces nothing, and part " + frame.part() + " came"));
        }
        if (frame.step() < next) {
            return Optional.empty();
        }
        Step step = steps.computeIfAbsent(frame.step(), absent -> new Step());
        if (frame.round() > step.round && step.commit.isEmpty()) {
            forget(step);
            step.round = frame.round();
        }
        Key key = new Key(frame.route().from(), frame.part());
        if (frame.round() != step.round || step.parts.containsKey(key)) {
            return Optional.empty();
        }
        long size = frame.payload().size() + PART_OVERHEAD;
        if (bytes + size > byteLimit) {
            overflown = true;
            return Optional.of(Refusal.of(
                    Refusal.Reason.NO_CREDIT, "the joiner keeps " + bytes + " of at most " + byteLimit + " bytes"));
        }
        bytes += size;
        step.parts.put(key, frame.payload());
        return Optional.empty();
    }

    private void forget(Step step) {
        for (Payload payload : step.parts.values()) {
            bytes -= payload.size() + PART_OVERHEAD;
        }
        step.parts.clear();
    }

    /** {@code step} is committed with the average of {@code round}; other rounds of it are forgotten. */
    public void commit(long committed, long round, List<Member> participants, double gradientNorm) {
        if (committed < next) {
            return;
        }
        Step step = steps.computeIfAbsent(committed, absent -> new Step());
        if (step.round != round) {
            forget(step);
            step.round = round;
        }
        step.commit = Optional.of(new Commit(participants, gradientNorm));
    }

    /** Whether the next average is committed, though perhaps not all of it is here. */
    public boolean due() {
        return steps.containsKey(next) && steps.get(next).commit.isPresent();
    }

    /** Whether a part was refused because there was no room. */
    public boolean overflown() {
        return overflown;
    }

    /** The step whose average is next. */
    public long next() {
        return next;
    }

    public long bytes() {
        return bytes;
    }

    /**
     * Takes out the next average if it is committed and complete.
     *
     * @param length numbers in the vector
     */
    public Optional<Committed> poll(long length) {
        if (!due()) {
            return Optional.empty();
        }
        Step step = steps.get(next);
        Commit commit = step.commit.orElseThrow();
        List<Part> parts = new ArrayList<>();
        for (AveragingPlan.Part part :
                AveragingPlan.of(commit.participants(), length, partLength).parts()) {
            Payload payload = step.parts.get(new Key(commit.participants().get(part.owner()), part.number()));
            if (payload == null) {
                return Optional.empty();
            }
            parts.add(new Part(part.offset(), part.length(), payload));
        }
        forget(step);
        steps.remove(next);
        Committed complete = new Committed(next, commit.gradientNorm(), parts);
        next++;
        return Optional.of(complete);
    }
}
