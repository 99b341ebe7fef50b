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
 * and what the sender may have unanswered before any room is made. Not thread-safe.
 */
final class FrameAssembly {

    /** Counted for a frame beside its bytes, so that empty ones are bounded too. */
    static final int COST_OF_ANY = 4096;

    private static final int FIXED = 2 * Long.BYTES;

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
    private Optional<Arrived> arriving = Optional.empty();
    private List<byte[]> parts = List.of();
    private int part;
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
        if (arriving.isPresent()) {
            throw bad(BadFrameException.Reason.ORDER, "a frame begins while " + left + " bytes of another are missing");
        }
        if (body.length < FIXED) {
            throw bad(BadFrameException.Reason.HEADER, "a beginning of " + body.length + " bytes");
        }
        ByteBuffer fields = ByteBuffer.wrap(body);
        long id = fields.getLong();
        long bytes = fields.getLong();
        byte[] header = Arrays.copyOfRange(body, FIXED, body.length);
        if (id != lastId + 1) {
            throw bad(BadFrameException.Reason.ORDER, "expected frame " + (lastId + 1) + ", got " + id);
        }
        if (bytes < 0 || bytes > largest) {
            throw bad(BadFrameException.Reason.SIZE, "expected a frame of at most " + largest + " bytes, got " + bytes);
        }
        long cost = cost(header.length, bytes);
        if (held > 0 && held + cost > window) {
            throw bad(
                    BadFrameException.Reason.CREDIT,
                    held + " bytes are unanswered and " + cost + " more come, with a window of " + window);
        }
        FrameCodec.Arriving decoded = decode(header, bytes);
        check(decoded.frame());
        lastId = id;
        held += cost;
        parts = new ArrayList<>(decoded.parts());
        part = 0;
        offset = 0;
        left = bytes;
        arriving = Optional.of(new Arrived(id, decoded.frame(), cost));
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
        while (offset == parts.get(part).length) {
            part++;
            offset = 0;
        }
        byte[] room = parts.get(part);
        int some = Math.min(most, room.length - offset);
        input.get(room, offset, some);
        crc.update(room, offset, some);
        offset += some;
        left -= some;
        return some;
    }

    /** The frame, if all its bytes are here. */
    Optional<Arrived> whole() {
        if (left > 0) {
            return Optional.empty();
        }
        Optional<Arrived> all = arriving;
        arriving = Optional.empty();
        parts = List.of();
        return all;
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
