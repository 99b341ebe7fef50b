package io.murmuration.actors.shard;

import io.murmuration.actors.averaging.AveragingRound;
import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.ShardMessage;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorRef;

/**
 * The averaging rounds a shard takes part in, one at a time. The next round begins only when the last one's actor is
 * gone: nothing it started may mix with the new one. Used by {@link Shard}.
 */
final class ShardRounds {

    private record Round(ShardMessage.Average order, ActorRef<AveragingRound.Message> actor) {
        private boolean is(long step, long number) {
            return order.step() == step && order.round() == number;
        }
    }

    /** A complete average. */
    record Sealed(long step, long round, Compute.SealResult result) {}

    private final Function<ShardMessage.Average, ActorRef<AveragingRound.Message>> spawn;
    private final int earlyLimit;
    private final List<DataPlane.Delivery> early = new ArrayList<>();
    private Optional<Round> open = Optional.empty();
    private boolean stopping;
    private Optional<ShardMessage.Average> next = Optional.empty();
    private Optional<Sealed> sealed = Optional.empty();
    /** The highest round of the open step that began here; parts of it or an earlier one are not early. */
    private long last;

    /**
     * @param spawn starts the actor of a round, watched
     * @param earlyLimit parts kept for a round that has not begun here
     */
    ShardRounds(Function<ShardMessage.Average, ActorRef<AveragingRound.Message>> spawn, int earlyLimit) {
        this.spawn = spawn;
        this.earlyLimit = earlyLimit;
    }

    /** A new step: rounds are counted anew. */
    void reset() {
        abandon();
        last = 0;
    }

    /** Whether this round, or a later one, has been ordered before. */
    boolean knows(ShardMessage.Average order) {
        boolean begun = open.map(round ->
                        round.order().step() == order.step() && round.order().round() >= order.round())
                .orElse(false);
        return begun || next.map(later -> later.round() >= order.round()).orElse(false);
    }

    void begin(ShardMessage.Average order) {
        abandon();
        next = Optional.of(order);
        if (open.isEmpty()) {
            start();
        }
    }

    private void start() {
        ShardMessage.Average order = next.orElseThrow();
        next = Optional.empty();
        last = order.round();
        open = Optional.of(new Round(order, spawn.apply(order)));
        List<DataPlane.Delivery> waiting = List.copyOf(early);
        early.clear();
        waiting.forEach(delivery -> arrived(delivery, order.step()));
    }

    /** Gives the present round up; what it needs stays in the accumulator. */
    void abandon() {
        sealed = Optional.empty();
        next = Optional.empty();
        if (!stopping) {
            open.ifPresent(round -> {
                stopping = true;
                round.actor().tell(AveragingRound.Command.ABANDON);
            });
        }
    }

    /** The round's actor is gone. */
    void stopped() {
        open = Optional.empty();
        stopping = false;
        if (next.isPresent()) {
            start();
        }
    }

    /** An average is complete; false if it is not of the present round. */
    boolean finished(Sealed average) {
        boolean current = !stopping
                && open.map(round -> round.is(average.step(), average.round())).orElse(false);
        if (current) {
            sealed = Optional.of(average);
        }
        return current;
    }

    /** The complete average of a round, if it is still the present one. */
    Optional<Sealed> sealed(long round) {
        return sealed.filter(average -> average.round() == round);
    }

    /** The complete average, if there is one. */
    Optional<Sealed> sealed() {
        return sealed;
    }

    /**
     * A part has come for the present round, or for one that a peer was told of earlier.
     *
     * @param openStep the step whose rounds may come
     */
    void arrived(DataPlane.Delivery delivery, long openStep) {
        DataFrame.AveragePart frame = (DataFrame.AveragePart) delivery.frame();
        boolean current = !stopping
                && open.map(round -> round.is(frame.step(), frame.round())).orElse(false);
        if (current) {
            open.get().actor().tell(new AveragingRound.Arrived(delivery));
        } else if (frame.step() == openStep && frame.round() > last && early.size() < earlyLimit) {
            early.add(delivery);
        } else {
            delivery.refuse(Refusal.of(
                    Refusal.Reason.NOT_OPEN, "round " + frame.round() + " of step " + frame.step() + " is not open"));
        }
    }

    /** The step is over: nobody will take the parts that came too early. */
    void close() {
        abandon();
        early.forEach(delivery -> delivery.refuse(Refusal.of(Refusal.Reason.NOT_OPEN, "the step is committed")));
        early.clear();
    }
}
