package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A contiguous vector of several tensors, each encoded on its own: {@link EncodedTensor}s one after the other in the order
 * of the vector. Both ends know the parts, so whatever comes in is checked against them before it is decoded.
 * Immutable and thread-safe.
 */
public final class EncodedParts {

    /**
     * One tensor.
     *
     * @param name for messages
     * @param shape row-major
     * @param codec how it is encoded
     */
    public record Part(String name, List<Integer> shape, Codec codec) {
        public Part {
            shape = List.copyOf(shape);
        }

        long length() {
            return shape.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
        }

        int[] axes() {
            return shape.stream().mapToInt(Integer::intValue).toArray();
        }

        /** Bytes of the whole encoded tensor. */
        long size() {
            return EncodedTensor.size(codec, axes());
        }
    }

    private final List<Part> parts;
    private final List<Long> offsets = new ArrayList<>();
    private final long length;
    private final long size;

    /** @param parts at least one, in the order of the vector */
    public EncodedParts(List<Part> parts) {
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("expected at least one tensor");
        }
        this.parts = List.copyOf(parts);
        long offset = 0;
        for (Part part : parts) {
            offsets.add(offset);
            offset = Math.addExact(offset, part.length());
        }
        this.length = offset;
        this.size = parts.stream().mapToLong(Part::size).reduce(0, Math::addExact);
    }

    public List<Part> parts() {
        return parts;
    }

    /** Numbers of the whole vector. */
    public long length() {
        return length;
    }

    /** Bytes of all encoded tensors. */
    public long size() {
        return size;
    }

    /** Numbers of the longest part. */
    public long longest() {
        return parts.stream().mapToLong(Part::length).max().orElseThrow();
    }

    /** The numbers of part {@code index}, sharing the vector's memory. */
    public Floats slice(Floats vector, int index) {
        requireLength(vector);
        return vector.slice(offsets.get(index), parts.get(index).length());
    }

    /**
     * The bytes of every part, in order; they are not yet checked. The source's position stays.
     *
     * @throws CodecException if there are more or fewer than {@link #size()} bytes
     */
    public List<ByteBuffer> split(ByteBuffer source) {
        if (source.remaining() != size) {
            throw new CodecException(
                    "expected " + size + " bytes for " + parts.size() + " tensors, got " + source.remaining());
        }
        List<ByteBuffer> split = new ArrayList<>();
        int from = source.position();
        for (Part part : parts) {
            int count = Math.toIntExact(part.size());
            split.add(source.slice(from, count));
            from += count;
        }
        return split;
    }

    /**
     * Writes exactly {@link #size()} bytes at the target's position and moves it behind them; it stays on failure.
     *
     * @throws CodecException if a number is not finite; names the tensor
     */
    public void encode(Floats vector, ByteBuffer target, Workers workers) {
        write(target, (index, room) -> {
            Part part = parts.get(index);
            EncodedTensor.encode(part.codec, part.axes(), slice(vector, index), room, workers);
        });
    }

    /** Writes part {@code index} to its room. */
    @FunctionalInterface
    interface Writer {
        void write(int index, ByteBuffer room);
    }

    void write(ByteBuffer target, Writer writer) {
        if (target.remaining() < size) {
            throw new IllegalArgumentException(
                    "expected room for " + size + " bytes, the buffer has " + target.remaining());
        }
        List<ByteBuffer> rooms = split(target.slice(target.position(), Math.toIntExact(size)));
        for (int index = 0; index < rooms.size(); index++) {
            int number = index;
            named(index, () -> {
                writer.write(number, rooms.get(number));
            });
        }
        target.position(target.position() + Math.toIntExact(size));
    }

    /**
     * Decodes part {@code index}.
     *
     * @param encoded its bytes, as {@link #split} hands them out
     * @throws CodecException if the bytes are not such a tensor; names it
     */
    public void decode(int index, ByteBuffer encoded, Floats target, Workers workers) {
        named(index, () -> {
            parts.get(index).codec.decode(payload(index, encoded), target, workers);
        });
    }

    /**
     * Decodes the {@link #size()} bytes from the source's position on; the position stays.
     *
     * @throws CodecException if the bytes are not such tensors; names the first that is not
     */
    public void decode(ByteBuffer source, Floats vector, Workers workers) {
        List<ByteBuffer> encoded = split(source);
        for (int index = 0; index < encoded.size(); index++) {
            decode(index, encoded.get(index), slice(vector, index), workers);
        }
    }

    /**
     * Several contributions to one vector of {@link DctTopK} parts: per slot the mean over those that sent it, summed in
     * the order given, transformed back.
     *
     * @param contributions at least one, each {@link #size()} bytes; their positions stay
     * @throws CodecException if one is not such tensors; names the tensor
     */
    public void decodeSlotMeans(List<ByteBuffer> contributions, Floats vector, Workers workers) {
        if (contributions.isEmpty()) {
            throw new IllegalArgumentException("expected at least one contribution");
        }
        List<List<ByteBuffer>> encoded = contributions.stream().map(this::split).toList();
        for (int index = 0; index < parts.size(); index++) {
            int number = index;
            if (!(parts.get(index).codec instanceof DctTopK codec)) {
                throw new IllegalArgumentException(parts.get(index).name + ": expected the codec dct or dct-sign, got "
                        + parts.get(index).codec.name());
            }
            named(index, () -> {
                List<ByteBuffer> payloads = encoded.stream()
                        .map(own -> payload(number, own.get(number)))
                        .toList();
                codec.decodeMean(payloads, slice(vector, number), workers);
            });
        }
    }

    /** The payload of a part, once its header is found to be what it must be and its checksum right. */
    ByteBuffer payload(int index, ByteBuffer encoded) {
        Part part = parts.get(index);
        EncodedTensor.Header header = EncodedTensor.peek(encoded, new EncodedTensor.Limits(part.length()));
        return EncodedTensor.payload(encoded, header, part.codec, part.axes());
    }

    private void named(int index, Runnable work) {
        try {
            work.run();
        } catch (CodecException e) {
            throw new CodecException(parts.get(index).name + ": " + e.getMessage());
        }
    }

    private void requireLength(Floats vector) {
        if (vector.length() != length) {
            throw new IllegalArgumentException("expected " + length + " numbers, got " + vector.length());
        }
    }
}
