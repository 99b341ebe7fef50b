package io.murmuration.actors.protocol;

import java.util.List;

/** What a shard is told on the control plane. */
public sealed interface ShardMessage extends ControlMessage
        permits MemberMessage,
                TransferMessage,
                ShardMessage.Enlist,
                ShardMessage.Rebuild,
                ShardMessage.Orphans,
                ShardMessage.CloseStep,
                ShardMessage.GradientWanted,
                ShardMessage.Average,
                ShardMessage.Commit,
                ShardMessage.Redo,
                ShardMessage.Cancel,
                ShardMessage.Pin,
                ShardMessage.Follow,
                ShardMessage.WhoHas {

    /**
     * Serve in {@code stage} from {@code version}. Without donors the shard builds that version itself (from the seed or the
     * checkpoint the run starts from); otherwise it pulls a snapshot from them, and from now on listens to the averages of
     * every step from {@code version} on. It answers {@link CoordinatorMessage.Enlisted} once it holds the version (asked
     * again later: the version it holds by then), and from now on refuses lower epochs.
     *
     * @param history the epoch under which the run began, or last began anew: what was held before that is of another past
     * @param donors who serves that version of that stage: shards that were told to pin it, or keepers that have stored it
     */
    record Enlist(Epoch epoch, Epoch history, int stage, long version, List<Member> donors) implements ShardMessage {
        public Enlist {
            donors = List.copyOf(donors);
        }
    }

    /**
     * Nobody has {@code stage} any more: build it at {@code version} from its neighbours and serve in it. Answered by {@link
     * CoordinatorMessage.Enlisted}, or by {@link CoordinatorMessage.JoinFailed} where donors are lacking.
     *
     * @param history as in {@link Enlist}
     */
    record Rebuild(Epoch epoch, Epoch history, int stage, long version, Neighbour below, Neighbour above)
            implements ShardMessage {}

    /**
     * A stage next to one that is rebuilt.
     *
     * @param donors its shards that were told to pin that version
     * @param gradientNorm norm of its last gradient
     */
    record Neighbour(List<Member> donors, double gradientNorm) {
        public Neighbour {
            donors = List.copyOf(donors);
        }
    }

    /**
     * The sender works on {@code ids} or has finished them, but who sent them to it is gone: whoever in this stage is sent
     * them again does well to pass them on to the sender, which then need not be doubled.
     */
    record Orphans(List<MicrobatchId> ids) implements ShardMessage {
        public Orphans {
            ids = List.copyOf(ids);
        }
    }

    /**
     * Stop counting in {@code step}, drop what is under way, give up any averaging of it, and tell what was counted.
     *
     * @param closing grows with every order to close; one carried out before is only answered again
     * @param discard throw the whole accumulator away: some of it is counted elsewhere too
     */
    record CloseStep(Epoch epoch, long step, long closing, boolean discard) implements ShardMessage {}

    /** Send the kept gradient of a replayed microbatch to the sender of this message. */
    record GradientWanted(MicrobatchId id, int attempt) implements ShardMessage {}

    /**
     * Average with {@code participants}, in that order, provided that exactly {@code indices} were counted here.
     *
     * @param round grows with every attempt; a new one abandons the old
     * @param listeners joiners of the stage: they contribute nothing, nobody waits for them, and who owns a part of the
     *     average sends it to them too
     */
    record Average(
            Epoch epoch,
            long step,
            long round,
            List<Member> participants,
            List<Member> listeners,
            List<Integer> indices)
            implements ShardMessage {
        public Average {
            participants = List.copyOf(participants);
            listeners = List.copyOf(listeners);
            indices = List.copyOf(indices);
        }
    }

    /** Every stage is prepared: apply the average of {@code step}, clipped by the norm over all stages. */
    record Commit(Epoch epoch, long step, long round, double gradientNorm) implements ShardMessage {}

    /**
     * The replicas disagree on what {@code step} made: go back to the version before it, which is kept until the next step
     * is opened, and apply the same average again. Answered by {@link CoordinatorMessage.Redone}.
     */
    record Redo(Epoch epoch, long step) implements ShardMessage {}

    /** Another attempt won: stop working on this one if it has not been counted. */
    record Cancel(MicrobatchId id, int attempt) implements ShardMessage {}

    /**
     * Copy the state at {@code version} aside, in place of any other copy, and serve it to {@code receivers} until each of
     * them has it or nobody asks any more. Who does not hold that version, or not any more, ignores it.
     */
    record Pin(Epoch epoch, long version, List<Member> receivers) implements ShardMessage {
        public Pin {
            receivers = List.copyOf(receivers);
        }
    }

    /**
     * To a joiner: {@code step} is committed with the average of this round, which {@code participants} made; apply it as
     * soon as it is its turn, and answer {@link CoordinatorMessage.Applied}.
     */
    record Follow(Epoch epoch, long step, long round, List<Member> participants, double gradientNorm)
            implements ShardMessage {
        public Follow {
            participants = List.copyOf(participants);
        }
    }

    /** A new owner of {@code indices} asks which of them it need not send again. */
    record WhoHas(Epoch epoch, Purpose purpose, long step, List<Integer> indices) implements ShardMessage {
        public WhoHas {
            indices = List.copyOf(indices);
        }
    }
}
