package io.murmuration.cluster.transport;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Cuts a stream of bytes into wire frames. It keeps at most one frame that is not {@link Kind#DATA}; the bytes of data go
 * straight to where the handler wants them. What is no frame is a {@link BadFrameException}, before any room is made for
 * it; after one the reader is of no use. Not thread-safe.
 */
final class WireReader {

    /** What is made of the frames. */
    interface Handler {

        /** A whole frame, its checksum right. */
        void frame(Kind kind, byte[] body);

        /** So many bytes of data follow. */
        void dataFollows(int length);

        /** Takes up to {@code most} of the bytes that were announced, at least one, and adds them to {@code crc}. */
        int take(ByteBuffer input, int most, CRC32C crc);

        /** The data that followed was right. */
        void dataComplete();
    }

    private final Handler handler;
    private final byte[] header = new byte[Kind.HEADER];
    private final CRC32C crc = new CRC32C();
    private int headerBytes;
    private Kind kind = Kind.PING;
    private int expected;
    private byte[] body = new byte[0];
    private int left;

    WireReader(Handler handler) {
        this.handler = handler;
    }

    void feed(ByteBuffer input) {
        while (input.hasRemaining()) {
            if (headerBytes < header.length) {
                int some = Math.min(header.length - headerBytes, input.remaining());
                input.get(header, headerBytes, some);
                headerBytes += some;
                if (headerBytes == header.length) {
                    begin();
                }
            } else if (kind == Kind.DATA) {
                left -= handler.take(input, Math.min(left, input.remaining()), crc);
            } else {
                int some = Math.min(left, input.remaining());
                input.get(body, body.length - left, some);
                left -= some;
            }
            if (headerBytes == header.length && left == 0) {
                end();
            }
        }
    }

    private void begin() {
        ByteBuffer fields = ByteBuffer.wrap(header);
        int length = fields.getInt();
        kind = Kind.of(fields.get());
        expected = fields.getInt();
        if (length < 0 || length > kind.mostBytes()) {
            throw new BadFrameException(
                    BadFrameException.Reason.LENGTH,
                    "expected at most " + kind.mostBytes() + " bytes of " + kind + ", got a length of " + length);
        }
        left = length;
        crc.reset();
        crc.update(kind.code());
        if (kind == Kind.DATA) {
            handler.dataFollows(length);
        } else {
            body = new byte[length];
        }
    }

    private void end() {
        headerBytes = 0;
        if (kind != Kind.DATA) {
            crc.update(body);
        }
        if ((int) crc.getValue() != expected) {
            throw new BadFrameException(
                    BadFrameException.Reason.CHECKSUM,
                    String.format(
                            "a frame of kind %s has checksum %08x, announced %08x",
                            kind, (int) crc.getValue(), expected));
        }
        if (kind == Kind.DATA) {
            handler.dataComplete();
        } else {
            handler.frame(kind, body);
        }
    }
}
