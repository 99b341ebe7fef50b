package io.murmuration.actors.protocol;

import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** What a member holds and knows as it makes a promise: all that a new coordinator has to go by. */
public sealed interface Standing {

    /** A step that has begun here. */
    record Open(Purpose purpose, long step, int microbatches) {}

    /** The complete average of the step that follows the version held. */
    record Prepared(long round, String digest, double squaredNorm) {}

    /** The last order to commit that was carried out here. */
    record Committed(long step, long round, double gradientNorm) {}

    /**
     * A shard.
     *
     * @param history the epoch under which the run began of which this is a part
     * @param stage -1 while it has been given none
     * @param version -1 while it holds none
     * @param digest of parameters and optimiser state at that version; empty without one
     * @param open what was opened at that version and is not over
     * @param closed whether the open step counts nothing any more but replays
     * @param prepared set until the step is applied, or closed anew
     */
    record OfShard(
            Epoch history,
            int stage,
            long version,
            String digest,
            Optional<Open> open,
            boolean closed,
            Optional<Prepared> prepared,
            Optional<Committed> committed)
            implements Standing {

        /** One that has just begun its life. */
        public static final OfShard FRESH =
                new OfShard(Epoch.NONE, -1, -1, "", Optional.empty(), false, Optional.empty(), Optional.empty());

        /** Nothing would be lost with it, and it may be given any stage. */
        public boolean fresh() {
            return stage < 0;
        }

        public boolean opened(Purpose purpose, long step) {
            return open.filter(begun -> begun.purpose() == purpose && begun.step() == step)
                    .isPresent();
        }
    }

    /**
     * A trainer.
     *
     * @param open what it was told last to begin
     * @param ranks the trainers with which that step began, in their order
     * @param losses of what is finished of it, nats per token
     */
    record OfTrainer(Optional<Open> open, List<Member> ranks, SortedMap<Integer, Double> losses) implements Standing {

        /** One that has just begun its life. */
        public static final OfTrainer FRESH = new OfTrainer(Optional.empty(), List.of(), new TreeMap<>());

        public OfTrainer {
            ranks = List.copyOf(ranks);
            losses = new TreeMap<>(losses);
        }

        public boolean opened(Purpose purpose, long step) {
            return open.filter(begun -> begun.purpose() == purpose && begun.step() == step)
                    .isPresent();
        }
    }

    /** A keeper and the versions it can serve, rising. */
    record OfKeeper(List<Long> versions) implements Standing {
        public OfKeeper {
            versions = List.copyOf(versions);
        }
    }
}
