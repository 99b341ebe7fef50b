package io.murmuration.cluster.serialization;

import com.esotericsoftware.kryo.KryoException;
import com.esotericsoftware.kryo.io.Input;
import com.esotericsoftware.kryo.io.Output;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.actors.protocol.Route;
import io.murmuration.actors.protocol.TraceContext;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Data frames as a header and the arrays of bytes they hold, so that a tensor is neither copied nor in the header. Headers
 * are written by the components of the records, like control messages; a new component needs no code here. Thread-safe.
 */
public final class FrameCodec {

    /** The longest header: ids, names and the stages of a replay; most have some 80 bytes. */
    public static final int MAX_HEADER_BYTES = 32 * 1024;

    private static final int USUAL_BYTES = 256;

    /**
     * A frame to send.
     *
     * @param parts follow the header in this order
     */
    @SuppressWarnings("ArrayRecordComponent")
    public record Encoded(byte[] header, List<byte[]> parts) {

        /** Bytes of all parts. */
        public long partBytes() {
            return parts.stream().mapToLong(part -> part.length).sum();
        }
    }

    /**
     * A frame of which only the header is there.
     *
     * @param frame as announced, with empty parts; nobody may see it before it is {@link #complete}
     * @param lengths of its parts, in the order in which they follow
     */
    public record Arriving(DataFrame frame, List<Integer> lengths) {}

    private static final byte[] NOT_HERE = {};

    /** Remembers arrays beside what it writes. */
    private static final class FrameOutput extends Output {
        private final List<byte[]> parts = new ArrayList<>();

        private FrameOutput() {
            super(USUAL_BYTES, -1);
        }
    }

    /** Takes the parts from where they are, or notes how long they will be, out of a given number of bytes. */
    private static final class FrameInput extends Input {
        private final List<Integer> lengths = new ArrayList<>();
        private final Optional<Iterator<byte[]>> parts;
        private long left;

        private FrameInput(byte[] header, long left, Optional<List<byte[]>> parts) {
            super(header);
            this.left = left;
            this.parts = parts.map(List::iterator);
        }

        private byte[] part(int length) {
            if (length < 0 || length > left) {
                throw new ProtocolException("a part of " + length + " bytes with " + left + " bytes to come");
            }
            left -= length;
            lengths.add(length);
            return parts.map(Iterator::next).orElse(NOT_HERE);
        }
    }

    private static final ValueCodec BESIDE = Values.of(
            1,
            (output, value) -> {
                byte[] part = (byte[]) value;
                ((FrameOutput) output).parts.add(part);
                output.writeVarInt(part.length, true);
            },
            input -> ((FrameInput) input).part(input.readVarInt(true)));

    private static final WireSchema SCHEMA = new WireSchema(table(), BESIDE);

    private static final ValueCodec FRAME = SCHEMA.oneOf(DataFrame.class);

    private FrameCodec() {}

    /** Numbers of what only frames hold; once and for all, like those of {@link WireTypes}. */
    private static SortedMap<Integer, Class<?>> table() {
        SortedMap<Integer, Class<?>> table = new TreeMap<>(WireTypes.TABLE);
        table.put(700, Route.class);
        table.put(701, Payload.class);
        table.put(702, TraceContext.class);
        table.put(710, DataFrame.Forward.class);
        table.put(711, DataFrame.Backward.class);
        table.put(712, DataFrame.AveragePart.class);
        table.put(713, DataFrame.StateManifest.class);
        table.put(714, DataFrame.StateChunk.class);
        return table;
    }

    /** @throws ProtocolException if the frame holds a null, or its header is too long */
    public static Encoded encode(DataFrame frame) {
        try (FrameOutput output = new FrameOutput()) {
            FRAME.write(output, frame);
            if (output.total() > MAX_HEADER_BYTES) {
                throw new ProtocolException("the header of a frame has at most " + MAX_HEADER_BYTES + " bytes, "
                        + frame.getClass().getSimpleName() + " for "
                        + frame.route().to() + " has " + output.total());
            }
            return new Encoded(output.toBytes(), List.copyOf(output.parts));
        }
    }

    /**
     * What a header announces. No room is made for it: a peer could announce what it never sends.
     *
     * @param partBytes what all parts together have
     * @throws ProtocolException if {@code header} is not exactly the header of such a frame
     */
    public static Arriving decode(byte[] header, long partBytes) {
        if (header.length > MAX_HEADER_BYTES) {
            throw new ProtocolException(
                    "the header of a frame has at most " + MAX_HEADER_BYTES + " bytes, got " + header.length);
        }
        try (FrameInput input = new FrameInput(header, partBytes, Optional.empty())) {
            DataFrame frame = (DataFrame) FRAME.read(input);
            if (input.left != 0 || input.position() != input.limit()) {
                throw new ProtocolException(frame.getClass().getSimpleName() + " is followed by "
                        + (input.limit() - input.position()) + " bytes of header and " + input.left
                        + " of tensors that mean nothing");
            }
            return new Arriving(frame, List.copyOf(input.lengths));
        } catch (KryoException e) {
            throw new ProtocolException(
                    "the header of a frame of " + header.length + " bytes is cut short: " + e.getMessage());
        }
    }

    /**
     * The frame whose parts have arrived.
     *
     * @param header one that was {@link #decode decoded}
     * @param parts as long as was announced
     */
    public static DataFrame complete(byte[] header, List<byte[]> parts) {
        long bytes = parts.stream().mapToLong(part -> part.length).sum();
        try (FrameInput input = new FrameInput(header, bytes, Optional.of(parts))) {
            return (DataFrame) FRAME.read(input);
        }
    }
}
