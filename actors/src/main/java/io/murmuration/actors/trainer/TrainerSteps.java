package io.murmuration.actors.trainer;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MemberMessage;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.protocol.Standing;
import io.murmuration.actors.routing.Custody;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The steps that a trainer has begun and that may not be over yet: one, or several in an asynchronous run. All push through one
 * {@link Custody}, the lowest step first, so that credits are for all together.
 *
 * <p>Pure and single-threaded. A step is forgotten when another begins that says that every shard is past it.
 */
final class TrainerSteps {

    private final Member self;
    private final Custody custody;
    private final TreeMap<MicrobatchId, TrainerState> steps = new TreeMap<>();
    /** What is to be reported when it is finished. */
    private final Set<MicrobatchId> unreported = new TreeSet<>();

    private long version;

    TrainerSteps(Member self, Custody custody) {
        this.self = self;
        this.custody = custody;
    }

    private static MicrobatchId key(Purpose purpose, long step) {
        return new MicrobatchId(purpose, step, 0);
    }

    Optional<TrainerState> of(Purpose purpose, long step) {
        return Optional.ofNullable(steps.get(key(purpose, step)));
    }

    /** Rising. */
    List<TrainerState> all() {
        return new ArrayList<>(steps.values());
    }

    /** A late copy of an order to begin: that step is over. */
    boolean isPast(Purpose purpose, long step) {
        boolean trained = !steps.isEmpty() && steps.lastKey().compareTo(key(Purpose.TRAIN, step)) >= 0;
        return step < version || (purpose == Purpose.EVALUATE && trained);
    }

    /** Forgets what is over now that {@code open} begins; before the result nothing is left. Empty if all is as it was. */
    Optional<MicrobatchId> over(MemberMessage.OpenStep open) {
        version = Math.max(version, open.version());
        MicrobatchId first = key(open.purpose() == Purpose.EVALUATE ? Purpose.EVALUATE : Purpose.TRAIN, version);
        if (steps.isEmpty() || steps.firstKey().compareTo(first) >= 0) {
            return Optional.empty();
        }
        steps.headMap(first).clear();
        unreported.removeIf(key -> key.compareTo(first) < 0);
        custody.over(first);
        return Optional.of(first);
    }

    void open(MemberMessage.OpenStep open) {
        steps.put(key(open.purpose(), open.step()), new TrainerState(self, custody, open));
    }

    /** The coordinator wants to know of this step when it is finished, perhaps once more. */
    void report(Purpose purpose, long step) {
        unreported.add(key(purpose, step));
    }

    /** What is finished and not reported. */
    List<TrainerState> takeFinished() {
        List<TrainerState> finished = new ArrayList<>();
        unreported.removeIf(key -> {
            boolean done = steps.get(key).finished();
            if (done) {
                finished.add(steps.get(key));
            }
            return done;
        });
        return finished;
    }

    /** True if any step did not know it. What is finished is reported again: who asks may be another. */
    boolean rosterChanged(Roster roster) {
        boolean news = false;
        for (TrainerState state : steps.values()) {
            if (!roster.epoch().equals(state.roster().epoch())) {
                state.rosterChanged(roster);
                report(state.purpose(), state.step());
                news = true;
            }
        }
        return news;
    }

    /** What is told to a new coordinator: the first step that may not be over. */
    Standing.OfTrainer standing() {
        return steps.isEmpty()
                ? Standing.OfTrainer.FRESH
                : steps.firstEntry().getValue().standing();
    }
}
