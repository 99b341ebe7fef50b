package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * One tensor as self-describing bytes: header, payload, checksum. {@code docs/wire-format.md} lists every byte. What
 * comes in is checked against what was expected before any memory of the size it claims is asked for.
 */
public final class EncodedTensor {

    /** More axes than any tensor of a transformer has; a bound on the header. */
    public static final int MAX_RANK = 8;

    private static final int MAGIC = 0x4E45544D; // "MTEN"
    private static final byte VERSION = 1;
    private static final byte DTYPE_FP32 = 1;
    private static final int FIXED_BYTES = 10;
    private static final int MAX_PARAMETERS = 4;
    private static final int CHECKSUM_BYTES = Integer.BYTES;

    /**
     * What a receiver is ready to take.
     *
     * @param maxElements most numbers in a tensor
     */
    public record Limits(long maxElements) {
        public Limits {
            if (maxElements < 1) {
                throw new IllegalArgumentException("max-elements must be at least 1, was " + maxElements);
            }
        }
    }

    /**
     * What the header says; consistent in itself, but the payload and the checksum have not been looked at.
     *
     * @param codec how the payload is encoded
     * @param shape length of each axis, row-major
     * @param headerBytes length of the header
     * @param payloadBytes length of the payload
     */
    public record Header(Codec codec, int[] shape, int headerBytes, long payloadBytes) {
        public Header {
            shape = shape.clone();
        }

        @Override
        public int[] shape() {
            return shape.clone();
        }

        public long elements() {
            return EncodedTensor.elements(shape);
        }

        /** Header, payload and checksum. */
        public long totalBytes() {
            return headerBytes + payloadBytes + CHECKSUM_BYTES;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Header that
                    && codec.equals(that.codec)
                    && Arrays.equals(shape, that.shape)
                    && headerBytes == that.headerBytes
                    && payloadBytes == that.payloadBytes;
        }

        @Override
        public int hashCode() {
            return codec.name().hashCode() * 31 + Arrays.hashCode(shape);
        }
    }

    private EncodedTensor() {}

    /** Bytes that a tensor of this shape takes in all. */
    public static long size(Codec codec, int[] shape) {
        return headerBytes(codec, shape) + codec.encodedSize(elements(shape)) + CHECKSUM_BYTES;
    }

    /** @throws CodecException if a number is not finite */
    public static byte[] encode(Codec codec, int[] shape, Floats numbers) {
        return encode(codec, shape, numbers, Workers.SERIAL);
    }

    /** @throws CodecException if a number is not finite */
    public static byte[] encode(Codec codec, int[] shape, Floats numbers, Workers workers) {
        byte[] bytes = new byte[Math.toIntExact(size(codec, shape))];
        encode(codec, shape, numbers, ByteBuffer.wrap(bytes), workers);
        return bytes;
    }

    /** Encodes in the calling thread. */
    public static void encode(Codec codec, int[] shape, Floats numbers, ByteBuffer target) {
        encode(codec, shape, numbers, target, Workers.SERIAL);
    }

    /**
     * Writes the tensor at the target's position and moves the position behind it. On failure the position stays.
     *
     * @throws CodecException if a number is not finite
     * @throws IllegalArgumentException if an axis is below 1, shape and numbers disagree or the target has too little room
     */
    public static void encode(Codec codec, int[] shape, Floats numbers, ByteBuffer target, Workers workers) {
        if (elements(shape) != numbers.length()) {
            throw new IllegalArgumentException(
                    "expected a shape that holds " + numbers.length() + " numbers, got " + Arrays.toString(shape));
        }
        write(codec, shape, payload -> codec.encode(numbers, payload, workers), target);
    }

    /** As {@link #encode}; {@code payload} writes what the codec needs for the shape, exactly. */
    static void write(Codec codec, int[] shape, Consumer<ByteBuffer> payload, ByteBuffer target) {
        if (shape.length < 1 || shape.length > MAX_RANK || Arrays.stream(shape).anyMatch(axis -> axis < 1)) {
            throw new IllegalArgumentException(
                    "expected a shape of 1 to " + MAX_RANK + " axes of at least 1, got " + Arrays.toString(shape));
        }
        long size = size(codec, shape);
        if (target.remaining() < size) {
            throw new IllegalArgumentException(
                    "expected room for " + size + " bytes, the buffer has " + target.remaining());
        }
        int start = target.position();
        ByteBuffer out = target.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        out.putInt(MAGIC)
                .put(VERSION)
                .put((byte) codec.wireId())
                .put(DTYPE_FP32)
                .put((byte) shape.length);
        int[] parameters = codec.wireParameters();
        out.putShort((short) parameters.length);
        for (int axis : shape) {
            out.putInt(axis);
        }
        for (int parameter : parameters) {
            out.putInt(parameter);
        }
        out.putLong(codec.encodedSize(elements(shape)));
        payload.accept(out);
        out.putInt(checksum(out, start, out.position()));
        target.position(out.position());
    }

    /**
     * Reads the header at the buffer's position, which stays. The rest of the tensor need not have arrived.
     *
     * @throws CodecException if the header is cut short, inconsistent in itself, or beyond the limits
     */
    public static Header peek(ByteBuffer source, Limits limits) {
        ByteBuffer in = source.slice().order(ByteOrder.LITTLE_ENDIAN);
        require(in, FIXED_BYTES);
        int magic = in.getInt();
        if (magic != MAGIC) {
            throw new CodecException("expected an encoded tensor (MTEN), got 0x%08x".formatted(magic));
        }
        expect("version", VERSION, in.get());
        int codecId = Byte.toUnsignedInt(in.get());
        expect("dtype", DTYPE_FP32, in.get());
        int rank = Byte.toUnsignedInt(in.get());
        int parameterCount = Short.toUnsignedInt(in.getShort());
        if (rank < 1 || rank > MAX_RANK || parameterCount > MAX_PARAMETERS) {
            throw new CodecException("expected 1 to " + MAX_RANK + " axes and at most " + MAX_PARAMETERS
                    + " parameters, got " + rank + " and " + parameterCount);
        }
        require(in, (rank + parameterCount) * Integer.BYTES + Long.BYTES);
        int[] shape = ints(in, rank);
        int[] parameters = ints(in, parameterCount);
        long payloadBytes = in.getLong();
        long elements = boundedElements(shape, limits);
        Codec codec = Codecs.byWire(codecId, parameters);
        if (payloadBytes != codec.encodedSize(elements)) {
            throw new CodecException(codec.name() + ": expected a payload of " + codec.encodedSize(elements)
                    + " bytes for " + elements + " numbers, the header says " + payloadBytes);
        }
        return new Header(codec, shape, in.position(), payloadBytes);
    }

    /** Decodes in the calling thread. */
    public static void decode(ByteBuffer source, Codec expectedCodec, int[] expectedShape, Floats target) {
        decode(source, expectedCodec, expectedShape, target, Workers.SERIAL);
    }

    /**
     * Decodes the tensor that fills the buffer from its position to its limit, and moves the position to the limit. On
     * failure the position stays; the target may then hold anything.
     *
     * @param expectedCodec what the tensor must be encoded with, parameters too: a sender does not choose how much is lost
     * @param expectedShape what the tensor must be; {@code target} has room for exactly that
     * @throws CodecException if the bytes are anything else
     */
    public static void decode(
            ByteBuffer source, Codec expectedCodec, int[] expectedShape, Floats target, Workers workers) {
        if (elements(expectedShape) != target.length()) {
            throw new IllegalArgumentException("expected a target for " + Arrays.toString(expectedShape) + ", got "
                    + target.length() + " numbers");
        }
        Header header = peek(source, new Limits(Math.max(1, target.length())));
        expectedCodec.decode(payload(source, header, expectedCodec, expectedShape), target, workers);
        source.position(source.limit());
    }

    /**
     * The payload of the tensor that fills the buffer, after codec, shape, length and checksum were found right. The
     * buffer's position stays.
     */
    static ByteBuffer payload(ByteBuffer source, Header header, Codec expectedCodec, int[] expectedShape) {
        if (!header.codec.equals(expectedCodec)) {
            throw new CodecException("expected the codec " + Codecs.described(expectedCodec) + ", got "
                    + Codecs.described(header.codec));
        }
        if (!Arrays.equals(header.shape, expectedShape)) {
            throw new CodecException(
                    "expected shape " + Arrays.toString(expectedShape) + ", got " + Arrays.toString(header.shape));
        }
        if (source.remaining() != header.totalBytes()) {
            throw new CodecException("expected " + header.totalBytes() + " bytes in all, got " + source.remaining());
        }
        ByteBuffer in = source.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        int checksumAt = source.limit() - CHECKSUM_BYTES;
        int claimed = in.getInt(checksumAt);
        int actual = checksum(in, source.position(), checksumAt);
        if (claimed != actual) {
            throw new CodecException("expected checksum 0x%08x, got 0x%08x".formatted(claimed, actual));
        }
        return in.position(source.position() + header.headerBytes).limit(checksumAt);
    }

    private static int headerBytes(Codec codec, int[] shape) {
        return FIXED_BYTES + (shape.length + codec.wireParameters().length) * Integer.BYTES + Long.BYTES;
    }

    private static int checksum(ByteBuffer buffer, int from, int to) {
        CRC32C crc = new CRC32C();
        crc.update(buffer.duplicate().limit(to).position(from));
        return (int) crc.getValue();
    }

    private static void require(ByteBuffer in, int bytes) {
        if (in.remaining() < bytes) {
            throw new CodecException("expected at least " + bytes + " more bytes of header, got " + in.remaining());
        }
    }

    private static void expect(String what, byte expected, byte got) {
        if (got != expected) {
            throw new CodecException("expected " + what + " " + expected + ", got " + Byte.toUnsignedInt(got));
        }
    }

    private static int[] ints(ByteBuffer in, int count) {
        int[] ints = new int[count];
        for (int i = 0; i < count; i++) {
            ints[i] = in.getInt();
        }
        return ints;
    }

    /** Product of the axes, checked on the way so that it cannot overflow. */
    private static long boundedElements(int[] shape, Limits limits) {
        long elements = 1;
        for (int axis : shape) {
            if (axis < 1 || axis > limits.maxElements / elements) {
                throw new CodecException("expected axes of at least 1 and at most " + limits.maxElements
                        + " numbers, got shape " + Arrays.toString(shape));
            }
            elements *= axis;
        }
        return elements;
    }

    private static long elements(int[] shape) {
        long elements = 1;
        for (int axis : shape) {
            elements = Math.multiplyExact(elements, (long) axis);
        }
        return elements;
    }
}
