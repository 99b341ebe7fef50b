package io.murmuration.actors.protocol;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a trainer is told on the control plane. */
public sealed interface TrainerMessage extends ControlMessage
        permits MemberMessage, TrainerMessage.Done, TrainerMessage.Held {

    /** A microbatch is counted by stage 0 (or evaluated), with its mean loss in nats per token. */
    record Done(MicrobatchId id, int attempt, double loss) implements TrainerMessage {}

    /**
     * Answer to {@link ShardMessage.WhoHas}: what is finished here with its loss, and what is under way.
     *
     * @param closed the step is being closed: whatever is missing will be replayed by order, not sent again
     */
    record Held(
            Epoch epoch,
            Purpose purpose,
            long step,
            SortedMap<Integer, Double> finished,
            List<Integer> underWay,
            boolean closed)
            implements TrainerMessage {
        public Held {
            finished = new TreeMap<>(finished);
            underWay = List.copyOf(underWay);
        }
    }
}
