package io.murmuration.actors.port;

import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import java.util.List;
import java.util.function.Consumer;

/**
 * The compute seam: a stage's work is submitted, the result comes back. Implementations run tasks off the actor threads
 * (or in modelled time) and hold the numbers; actors only ever see bytes, digests and scalars.
 *
 * <p>A shard has at most one task under way at a time. {@code done} is called exactly once, on any thread.
 */
public interface Compute {

    /** A task and the type of its result. */
    sealed interface Task<R> {}

    /** Draws a microbatch's token ids. */
    record Draw(MicrobatchId id) implements Task<byte[]> {}

    /** Builds a stage's replica: with the run's initial state at {@code version}, or empty and waiting for chunks. */
    record Open(int stage, long version, boolean initial) implements Task<Nothing> {}

    /** Forward pass of a stage that is not the last: activations out. */
    record Forward(MicrobatchId id, byte[] tokens, Payload input) implements Task<Payload> {}

    /**
     * The last stage's pass: loss, and for training also backward. With {@code count} the gradient goes into the
     * accumulator.
     */
    record Loss(MicrobatchId id, byte[] tokens, Payload input, boolean count) implements Task<LossResult> {}

    record LossResult(double loss, Payload gradient) {}

    /**
     * Backward pass of a stage that is not the last, its forward pass recomputed from {@code input}. With {@code count} the
     * gradient goes into the accumulator. The result is empty in stage 0.
     */
    record Backward(MicrobatchId id, byte[] tokens, Payload input, Payload gradient, boolean count)
            implements Task<Payload> {}

    /** Sets the accumulator of {@code step} to zero. */
    record Discard(long step) implements Task<Nothing> {}

    /** How many numbers the stage's gradient has. */
    record GradientLength() implements Task<Long> {}

    /** Encodes a range of the accumulator of {@code step} for averaging. */
    record Contribution(long step, long offset, long length) implements Task<Payload> {}

    /**
     * Sums a range of the gradient of {@code step} over all replicas in the given order, divides, encodes the average once and keeps its decoded value.
     *
     * @param contributions of the other replicas, in the order of the participants
     * @param own place of this replica's own accumulator among them
     * @param divisor microbatches in the step
     */
    record Reduce(long step, long offset, long length, List<Payload> contributions, int own, int divisor)
            implements Task<Payload> {
        public Reduce {
            contributions = List.copyOf(contributions);
        }
    }

    /** Keeps a range of the average as its owner encoded it. */
    record Accept(long offset, long length, Payload average) implements Task<Nothing> {}

    /** The average is complete: its digest and squared norm. */
    record Seal() implements Task<SealResult> {}

    record SealResult(String digest, double squaredNorm) {}

    /**
     * Applies the average as step {@code step} with the gradient scaled down when {@code gradientNorm} is above the clip,
     * and lets go of its accumulator. The state before it and the average stay, for a {@link Redo}. The result is the digest of parameters and optimiser state.
     */
    record Apply(long step, double gradientNorm) implements Task<String> {}

    /**
     * Goes back to what was before the last {@link Apply}, which must have been of {@code step}, and applies the same
     * average again. The result is the digest of parameters and optimiser state; with sound memory that of the first time.
     */
    record Redo(long step, double gradientNorm) implements Task<String> {}

    /** Copies parameters and optimiser state aside for transfer, in place of any earlier copy. */
    record Pin(int chunkBytes) implements Task<Manifest> {}

    /** One chunk of the pinned copy. */
    record ReadChunk(int index) implements Task<Payload> {}

    /** Lets the pinned copy go. */
    record Unpin() implements Task<Nothing> {}

    /** Bytes of a snapshot of the stage. */
    record StateBytes() implements Task<Long> {}

    /** SHA-256 of a chunk that came from a donor, 64 hexadecimal digits. */
    record ChunkDigest(Payload chunk) implements Task<String> {}

    /** Takes one chunk of a donor's copy, which was found to be what the manifest says. */
    record WriteChunk(int index, int chunks, Payload chunk) implements Task<Nothing> {}

    /** Which part of a snapshot of another stage, next to the owner's, its stage can be rebuilt from. */
    record NeighbourPart(int stage) implements Task<SnapshotPart> {}

    /**
     * A part of a snapshot, in bytes.
     *
     * @param bytes of the whole
     * @param from where the part begins
     * @param to where it ends, beyond {@code from}
     */
    record SnapshotPart(long bytes, long from, long to) {}

    /** Keeps what {@link NeighbourPart} names of one chunk of that stage's snapshot, found to be what the manifest says. */
    record WriteNeighbour(int stage, int index, int chunks, Payload chunk) implements Task<Nothing> {}

    /**
     * Builds the stage at {@code version} from both neighbours, of which everything was written: the mean of their layers,
     * each weighted with the norm of its own last gradient, a fresh optimiser, and from now on a higher learning rate.
     */
    record Rebuild(long version, double belowNorm, double aboveNorm) implements Task<Nothing> {}

    /** Digest of parameters and optimiser state. */
    record StateDigest() implements Task<String> {}

    /** The keeper: stores one chunk of a stage's snapshot at {@code version}. */
    record KeepChunk(int stage, long version, int index, int chunks, Payload chunk) implements Task<Nothing> {}

    /** The keeper: all chunks of all stages are there; makes a checkpoint of them. */
    record KeepCheckpoint(long version, int stages) implements Task<Nothing> {}

    /** The keeper: versions of which there is a checkpoint, rising. */
    record StoredVersions() implements Task<List<Long>> {}

    /**
     * The keeper: checks the stored checkpoint of {@code version} against its own digests and reads what {@code stage} of
     * this run needs of it, however many stages it was written with. Fails with the reason if it is damaged or gone.
     */
    record OpenStored(int stage, long version, int chunkBytes) implements Task<Manifest> {}

    /** The keeper: one chunk of what was opened last for {@code stage}. */
    record ReadStored(int stage, int index) implements Task<Payload> {}

    /** The keeper: lets go of what was opened for {@code stage}. */
    record CloseStored(int stage) implements Task<Nothing> {}

    /** No result worth naming. */
    enum Nothing {
        NOTHING
    }

    /** How a task ended. */
    sealed interface Outcome<R> {}

    record Completed<R>(R result) implements Outcome<R> {}

    record Failed<R>(Throwable cause) implements Outcome<R> {}

    /** Runs {@code task} for {@code owner}. */
    <R> void submit(Member owner, Task<R> task, Consumer<Outcome<R>> done);

    /** Lets go of everything held for {@code owner}; a task under way ends first. */
    void release(Member owner);
}
