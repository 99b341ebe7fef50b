package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;

/**
 * Encodes a flat run of fp32 numbers and decodes it. Stateless and thread-safe. Bytes are little-endian whatever the
 * order set on the buffer; heap and direct buffers are both fine.
 *
 * <p>Work is done in pieces that {@link Workers} may share among threads; the bits do not depend on how many there are.
 * Scratch memory is bounded by a constant for each worker, never proportional to the tensor.
 *
 * <p>A number that is not finite is refused on the way in and on the way out, so that one broken shard cannot poison
 * those that read from it.
 */
public sealed interface Codec
        permits Fp32,
                Fp16,
                Bf16,
                BlockwiseInt8,
                MinMax8,
                LinearInt4,
                Sign1,
                DynamicInt8,
                MeanStd16,
                Uniform8,
                Quantile8,
                TopK,
                Sparse2Bit,
                DctTopK {

    /** What settings and messages call it. */
    String name();

    /** Bytes that {@code length} numbers take: a function of the length alone, so that a header can be checked. */
    long encodedSize(long length);

    /**
     * Writes exactly {@code encodedSize(source.length())} bytes at the target's position and moves the position behind
     * them. The position stays where it was if this fails; the room may then hold anything.
     *
     * @throws CodecException if a number is not finite; names this codec and the index
     * @throws IllegalArgumentException if the target has too little room
     */
    void encode(Floats source, ByteBuffer target, Workers workers);

    /** Encodes in the calling thread. */
    default void encode(Floats source, ByteBuffer target) {
        encode(source, target, Workers.SERIAL);
    }

    /**
     * Reads {@code encodedSize(target.length())} bytes from the source's position and moves the position behind them.
     * The position stays where it was if this fails; the target may then hold anything.
     *
     * @throws CodecException if bytes are missing or do not decode to finite numbers
     */
    void decode(ByteBuffer source, Floats target, Workers workers);

    /** Decodes in the calling thread. */
    default void decode(ByteBuffer source, Floats target) {
        decode(source, target, Workers.SERIAL);
    }

    /** Number of this codec in the header of an {@link EncodedTensor}. */
    int wireId();

    /** What the decoder must know besides {@link #wireId()}, in the order of the header; empty for some. */
    int[] wireParameters();
}
