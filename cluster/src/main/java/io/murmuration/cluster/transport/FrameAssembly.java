package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.DataFrame.Traffic;
import io.murmuration.actors.protocol.ProtocolException;
import io.murmuration.cluster.serialization.FrameCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * Puts the data frames of one connection together, one after the other. Their sizes are checked against the largest frame
 * and what the sender may have unanswered before any room is made, and room is made as the bytes arrive: less than twice of
 * what is there, and {@link #FIRST_ROOM}. Not thread-safe.
 */
final class FrameAssembly {

    /** Counted for a frame beside its bytes, so that empty ones are bounded too. */
    static final int COST_OF_ANY = 4096;

    /**
     * Room that is made for a part before any of it is there; from then on it grows with what has come. What a stage sends has
     * some hundred KiB, so that usually nothing is copied.
     */
    private static final int FIRST_ROOM = 1 << 20;

    private static final int FIXED = 2 * Long.BYTES;

    private static final byte[] NONE = {};

    /**
     * A whole frame.
     *
     * @param id its number on the connection
     * @param cost what it takes of the window until it is answered
     */
    record Arrived(long id, DataFrame frame, long cost) {}

    private final String peer;
    private final Traffic traffic;
    private final long largest;
    private final long window;

    private long lastId;
    private long held;
    /** Of the frame that is arriving; empty if none is. */
    private byte[] header = NONE;

    private long cost;
    private List<Integer> lengths = List.of();
    private List<byte[]> parts = List.of();
    /** Of the part that is being filled; as long as the part in the end. */
    private byte[] room = NONE;

    private int offset;
    private long left;

    /**
     * @param peer the node at the other end; only its members speak here
     * @param largest most bytes of one frame
     * @param window most unanswered bytes, or one frame if that has more
     */
    FrameAssembly(String peer, Traffic traffic, long largest, long window) {
        this.peer = peer;
        this.traffic = traffic;
        this.largest = largest;
        this.window = window;
    }

    /** What a frame takes of a window. */
    static long cost(int headerBytes, long partBytes) {
        return COST_OF_ANY + headerBytes + partBytes;
    }

    static byte[] begin(long id, FrameCodec.Encoded frame) {
        return ByteBuffer.allocate(FIXED + frame.header().length)
                .putLong(id)
                .putLong(frame.partBytes())
                .put(frame.header())
                .array();
    }

    /** A frame begins; it is whole already if it holds no tensors. */
    Optional<Arrived> begin(byte[] body) {
        if (header.length > 0) {
            throw bad(BadFrameException.Reason.ORDER, "a frame begins while " + left + " bytes of another are missing");
        }
        if (body.length < FIXED) {
            throw bad(BadFrameException.Reason.HEADER, "a beginning of " + body.length + " bytes");
        }
        ByteBuffer fields = ByteBuffer.wrap(body);
        long id = fields.getLong();
        long bytes = fields.getLong();
        byte[] begun = Arrays.copyOfRange(body, FIXED, body.length);
        if (id != lastId + 1) {
            throw bad(BadFrameException.Reason.ORDER, "expected frame " + (lastId + 1) + ", got " + id);
        }
        if (bytes < 0 || bytes > largest) {
            throw bad(BadFrameException.Reason.SIZE, "expected a frame of at most " + largest + " bytes, got " + bytes);
        }
        long takes = cost(begun.length, bytes);
        if (held > 0 && held + takes > window) {
            throw bad(
                    BadFrameException.Reason.CREDIT,
                    held + " bytes are unanswered and " + takes + " more come, with a window of " + window);
        }
        FrameCodec.Arriving decoded = decode(begun, bytes);
        check(decoded.frame());
        lastId = id;
        held += takes;
        header = begun;
        cost = takes;
        lengths = decoded.lengths();
        parts = new ArrayList<>();
        left = bytes;
        nextPart();
        return whole();
    }

    /** So many bytes of the frame that has begun follow. */
    void follows(int length) {
        if (length == 0 || length > left) {
            throw bad(
                    BadFrameException.Reason.ORDER,
                    "expected 1 to " + left + " bytes of a frame, " + length + " follow");
        }
    }

    /** Takes up to {@code most} of them, at least one. */
    int take(ByteBuffer input, int most, CRC32C crc) {
        int length = lengths.get(parts.size());
        if (offset == room.length) {
            room = Arrays.copyOf(room, (int) Math.min(length, 2L * room.length));
        }
        int some = Math.min(most, room.length - offset);
        input.get(room, offset, some);
        crc.update(room, offset, some);
        offset += some;
        left -= some;
        if (offset == length) {
            parts.add(room);
            nextPart();
        }
        return some;
    }

    /** Makes room for the next part that holds anything. */
    private void nextPart() {
        while (parts.size() < lengths.size() && lengths.get(parts.size()) == 0) {
            parts.add(NONE);
        }
        offset = 0;
        room = parts.size() < lengths.size() ? new byte[Math.min(FIRST_ROOM, lengths.get(parts.size()))] : NONE;
    }

    /** The frame, if all its bytes are here. */
    Optional<Arrived> whole() {
        if (left > 0 || header.length == 0) {
            return Optional.empty();
        }
        Arrived all = new Arrived(lastId, FrameCodec.complete(header, parts), cost);
        header = NONE;
        parts = List.of();
        lengths = List.of();
        return Optional.of(all);
    }

    /** The answer to a frame of this cost is on its way. */
    void answered(long cost) {
        held -= cost;
    }

    /** Bytes of frames that have begun and are not answered. */
    long held() {
        return held;
    }

    private static FrameCodec.Arriving decode(byte[] header, long bytes) {
        try {
            return FrameCodec.decode(header, bytes);
        } catch (ProtocolException e) {
            throw bad(BadFrameException.Reason.HEADER, e.getMessage());
        }
    }

    private void check(DataFrame frame) {
        if (frame.traffic() != traffic) {
            throw bad(
                    BadFrameException.Reason.SENDER, "a " + frame.traffic() + " frame on a connection for " + traffic);
        }
        String from = NodeIdentity.nodeOf(frame.route().from());
        if (!from.equals(peer)) {
            throw bad(
                    BadFrameException.Reason.SENDER,
                    "node " + peer + " sends in the name of " + frame.route().from());
        }
    }

    private static BadFrameException bad(BadFrameException.Reason reason, String detail) {
        return new BadFrameException(reason, detail);
    }
}
