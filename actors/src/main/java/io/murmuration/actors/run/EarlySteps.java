package io.murmuration.actors.run;

import io.murmuration.actors.protocol.CoordinatorMessage;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Purpose;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Training steps that were begun before those before them were over, which makes a run asynchronous: while a step is closed,
 * averaged and applied, microbatches of the next ones flow. How many may be open bounds how stale a gradient can be.
 *
 * <p>Which microbatches belong to a step is fixed by their ids, and steps are applied in order by all stages. So nothing else
 * changes: what is counted once, replayed, agreed on and recovered is what it would be if the steps came one after the other.
 * Pure and single-threaded.
 */
final class EarlySteps {

    /**
     * A step that was begun early.
     *
     * @param ranks its trainers as it began
     * @param known the epoch under which everybody was told of it
     * @param losses of what is finished, nats per token
     */
    record Early(List<Member> ranks, Epoch known, SortedMap<Integer, Double> losses) {}

    private final TreeMap<Long, Early> steps = new TreeMap<>();

    /** Begins {@code step}. */
    void begin(long step, List<Member> ranks, Epoch epoch) {
        steps.put(step, new Early(ranks, epoch, new TreeMap<>()));
    }

    /** The last step that has begun, if any has. */
    Optional<Long> last() {
        return steps.isEmpty() ? Optional.empty() : Optional.of(steps.lastKey());
    }

    /** Rising. */
    SortedMap<Long, Early> all() {
        return new TreeMap<>(steps);
    }

    void finished(CoordinatorMessage.TrainerFinished finished) {
        if (finished.purpose() == Purpose.TRAIN && steps.containsKey(finished.step())) {
            steps.get(finished.step()).losses().putAll(finished.losses());
        }
    }

    /** Other trainers, because all that there were are gone. */
    void ranks(List<Member> ranks) {
        steps.replaceAll((step, early) -> new Early(ranks, early.known(), early.losses()));
    }

    /** The step that it is now the turn of, if it was begun early. */
    Optional<Early> take(long step) {
        return Optional.ofNullable(steps.remove(step));
    }

    /** The run goes back, or is told by others where it is. */
    void clear() {
        steps.clear();
    }
}
