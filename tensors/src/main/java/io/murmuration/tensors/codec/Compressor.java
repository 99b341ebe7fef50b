package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import java.util.Map;

/**
 * A codec that remembers: what was not sent this time is not lost but sent later. Each {@link #compress} is followed by
 * {@link #commit} when its bytes were used or {@link #rollback} when they were not, for instance because the round
 * failed; after a rollback the state has the bits that it had before. One thread at a time.
 */
public sealed interface Compressor permits ErrorFeedback, SignedMomentum {

    /** Numbers that go in. */
    long length();

    /** Bytes that {@link #compress} writes, each time. */
    long encodedSize();

    /**
     * Writes exactly {@link #encodedSize()} bytes at the target's position and moves it behind them. On failure the
     * position stays and so does the state.
     *
     * @param scale the input is multiplied by this
     * @throws CodecException if what is to be encoded is not finite
     * @throws IllegalStateException if the last one was neither committed nor rolled back
     */
    void compress(Floats input, float scale, ByteBuffer target, Workers workers);

    /** What was compressed last was used. */
    void commit();

    /** What was compressed last was not used: the state is again what it was before. Nothing happens if there is none. */
    void rollback();

    /**
     * The committed state by name, in the order of a checkpoint, each vector as long as the input. These are the live
     * vectors: writing to them restores a state. They change places at every commit, so ask again after one.
     */
    Map<String, Floats> state();
}
