package io.murmuration.actors.protocol;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What the coordinator is told; who says it stands in the envelope. */
public sealed interface CoordinatorMessage extends ControlMessage {

    /**
     * The shard holds {@code version} of its stage, with this digest of parameters and optimiser state. A joiner says it
     * when its snapshot is complete, and again whenever it is asked for something it has long done.
     */
    record Enlisted(Epoch epoch, int stage, long version, String digest) implements CoordinatorMessage {}

    record TrainerEnlisted(Epoch epoch) implements CoordinatorMessage {}

    /** Every microbatch this trainer answers for is finished; the loss of each, in nats per token. */
    record TrainerFinished(Epoch epoch, Purpose purpose, long step, SortedMap<Integer, Double> losses)
            implements CoordinatorMessage {
        public TrainerFinished {
            losses = new TreeMap<>(losses);
        }
    }

    /**
     * What the shard has counted in {@code step}, now that it is closed.
     *
     * @param closing the highest order to close this step that the shard has carried out
     */
    record Tally(Epoch epoch, long step, long closing, List<Integer> indices) implements CoordinatorMessage {
        public Tally {
            indices = List.copyOf(indices);
        }
    }

    /** The average of the stage is complete here. */
    record Averaged(Epoch epoch, long step, long round, String digest, double squaredNorm)
            implements CoordinatorMessage {}

    /** Version {@code step + 1} is in place, with this digest of parameters and optimiser state. */
    record Applied(Epoch epoch, long step, String digest) implements CoordinatorMessage {}

    /** A joiner has so many quarters (1 to 3) of its snapshot of {@code version}. For observers; may be lost. */
    record Fetching(Epoch epoch, long version, int quarters) implements CoordinatorMessage {}

    /** {@code donor} served something else than the others, or than its own manifest said. */
    record BadDonor(Epoch epoch, long version, Member donor, String reason) implements CoordinatorMessage {}

    /**
     * The joiner that was to start from {@code version}, or the keeper that was to keep it, cannot go on.
     *
     * @param donorsLacking all that is lacking is a donor of that version: with another one it goes on where it is
     */
    record JoinFailed(Epoch epoch, long version, boolean donorsLacking, String reason) implements CoordinatorMessage {}

    /** A snapshot of every stage at {@code version} is safely kept. */
    record Kept(long version) implements CoordinatorMessage {}

    /** Keeping {@code version} failed; the run goes on without it. */
    record NotKept(long version, String reason) implements CoordinatorMessage {}

    /** The checkpoint of {@code version} at this keeper is damaged or gone: it was not and will not be served. */
    record Unsound(long version, String reason) implements CoordinatorMessage {}

    /** Checkpoints at this keeper by rising version; their bytes are looked at only when they are served. */
    record Stored(Epoch epoch, List<Long> versions) implements CoordinatorMessage {
        public Stored {
            versions = List.copyOf(versions);
        }
    }

    /** An order came with a lower epoch than one already obeyed. */
    record Superseded(Epoch seen, Epoch got) implements CoordinatorMessage {}
}
