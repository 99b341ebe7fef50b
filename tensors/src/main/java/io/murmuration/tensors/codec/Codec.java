package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.nio.ByteBuffer;

/**
 * Encodes a flat run of fp32 numbers and decodes it. Stateless and thread-safe. Bytes are little-endian whatever the
 * order set on the buffer; heap and direct buffers are both fine.
 *
 * <p>A number that is not finite is refused on the way in and on the way out, so that one broken shard cannot poison
 * those that read from it.
 */
public sealed interface Codec permits Fp32, Fp16, BlockwiseInt8 {

    /** What settings and messages call it. */
    String name();

    /** Bytes that {@code length} numbers take. */
    long encodedSize(long length);

    /**
     * Writes exactly {@code encodedSize(source.length())} bytes at the target's position and moves the position behind
     * them. The position stays where it was if this fails.
     *
     * @throws CodecException if a number is not finite; names this codec and the index
     * @throws IllegalArgumentException if the target has too little room
     */
    void encode(Floats source, ByteBuffer target);

    /**
     * Reads {@code encodedSize(target.length())} bytes from the source's position and moves the position behind them.
     * The position stays where it was if this fails; the target may then hold anything.
     *
     * @throws CodecException if bytes are missing or do not decode to finite numbers
     */
    void decode(ByteBuffer source, Floats target);

    /** Number of this codec in the header of an {@link EncodedTensor}. */
    int wireId();

    /** What the decoder must know besides {@link #wireId()}, in the order of the header; empty for most. */
    int[] wireParameters();
}
