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

    /** The sender obeys {@code epoch} from now on, and nobody else in its term; this is what it holds. */
    record Promised(Epoch epoch, Standing standing) implements CoordinatorMessage {}

    /** The sender wants to go; it stays until it is {@link MemberMessage.Discharged}, and asks again until then. */
    record Leaving(Epoch epoch) implements CoordinatorMessage {}

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

    /**
     * How busy a shard is, once a period. For moving shards and placing joiners; may be lost.
     *
     * @param queue microbatches that wait for a pass here, or are in one
     * @param rate microbatches a second that it does, forward and backward, while it has work; 0 while it does not know
     */
    record Load(Epoch epoch, long queue, double rate) implements CoordinatorMessage {}

    /** {@code donor} served something else than the others, or than its own manifest said. */
    record BadDonor(Epoch epoch, long version, Member donor, String reason) implements CoordinatorMessage {}

    /**
     * The joiner that was to start from {@code version}, or the keeper that was to keep it, cannot go on.
     *
     * @param donorsLacking all that is lacking is a donor of that version: with another one it goes on where it is
     */
    record JoinFailed(Epoch epoch, long version, boolean donorsLacking, String reason) implements CoordinatorMessage {}
    /** The update of {@code step} was computed again; what came of it is in place now. */
    record Redone(Epoch epoch, long step, String digest) implements CoordinatorMessage {}

    /** A snapshot of every stage at {@code version} is safely kept. */
    record Kept(long version) implements CoordinatorMessage {}

    /** The sender does not keep {@code version} and cannot serve it; the run goes on without it. */
    record NotKept(long version, String reason) implements CoordinatorMessage {}

    /** The checkpoint of {@code version} at this keeper is damaged or gone: it was not and will not be served. */
    record Unsound(long version, String reason) implements CoordinatorMessage {}

    /**
     * An order is refused: its epoch {@code got} is lower than one already obeyed, or its term is promised to another.
     *
     * @param holder who is obeyed
     */
    record Superseded(Epoch seen, Epoch got, Member holder) implements CoordinatorMessage {}
}
