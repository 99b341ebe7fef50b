package io.murmuration.actors.protocol;

import java.util.List;

/** What the coordinator tells shards and trainers alike, some of it also keepers. */
public sealed interface MemberMessage extends ShardMessage, TrainerMessage {

    /**
     * A coordinator takes over: obey {@code epoch} and nothing lower from now on, nor anybody else in its term. Answered by
     * {@link CoordinatorMessage.Promised}. Whoever appears is told first, so that one who holds nothing, one who holds what
     * is needed and one who holds what is out of date are told apart.
     */
    record TakeOver(Epoch epoch) implements MemberMessage, KeeperMessage {}

    /**
     * What the receiver holds is of no use any more: it ends, and comes back as a new incarnation.
     *
     * @param fault whether the receiver is to blame, so that it counts as a failure
     */
    record StartOver(Epoch epoch, boolean fault, String reason) implements MemberMessage {}

    /** The receiver asked to go, is out of the roster and holds nothing that is needed: it may end. */
    record Discharged(Epoch epoch) implements MemberMessage, KeeperMessage {}

    /**
     * A step begins. For training it is the step that makes version {@code step + 1}; an evaluation measures version
     * {@code step} and changes nothing. A training step may begin before those before it are over: what is computed for it
     * then is computed with an older version.
     *
     * @param ranks the trainers the step began with: microbatch {@code i} belongs to number {@code i mod ranks}, and if
     *     that one has left, to the next one that is still there. The same for all, whenever they are told; only after a
     *     takeover in which nobody knew them are there others, under a higher epoch
     * @param microbatches how many there are; their indices run from 0
     * @param begun it has begun already: a trainer that does not know it asks stage 0 what is done before it sends
     * @param version every shard of the roster holds it or a later one; before {@code step} if that is begun early
     */
    record OpenStep(
            Roster roster,
            List<Member> ranks,
            Purpose purpose,
            long step,
            int microbatches,
            boolean begun,
            long version)
            implements MemberMessage {
        public OpenStep {
            ranks = List.copyOf(ranks);
        }
    }

    /** Somebody left or joined in the middle of a step. */
    record RosterChanged(Roster roster) implements MemberMessage {}

    /** One microbatch to be sent again by who still has it. */
    record ReplayOrder(int index, Replay replay) {}

    /** Send these microbatches of {@code step} again, so that the named stages count what was lost. */
    record ReplayOrders(Epoch epoch, long step, long closing, List<ReplayOrder> orders) implements MemberMessage {
        public ReplayOrders {
            orders = List.copyOf(orders);
        }
    }
}
