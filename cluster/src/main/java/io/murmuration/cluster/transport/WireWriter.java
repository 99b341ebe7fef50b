package io.murmuration.cluster.transport;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.apache.pekko.util.ByteString;

/**
 * Collects wire frames into one piece to write. Small ones are copied together, long data is not copied at all. Not
 * thread-safe.
 */
final class WireWriter {

    /** Data below this is copied behind what is there already: a copy is cheaper than a piece of its own. */
    private static final int SMALL = 8 * 1024;

    private final CRC32C crc = new CRC32C();
    private ByteString done = ByteString.emptyByteString();
    private byte[] small = new byte[1024];
    private int used;

    /** Bytes collected so far. */
    int size() {
        return done.size() + used;
    }

    void frame(Kind kind, byte[] body) {
        copied(kind, body, 0, body.length);
    }

    /** Data that must not change any more, at most as long as a frame of data may be. */
    void data(byte[] array, int offset, int length) {
        if (length < SMALL) {
            copied(Kind.DATA, array, offset, length);
        } else {
            header(Kind.DATA, array, offset, length);
            flush();
            done = done.concat(ByteString.fromArrayUnsafe(array, offset, length));
        }
    }

    /** What was collected; the writer is empty again. */
    ByteString take() {
        flush();
        ByteString all = done;
        done = ByteString.emptyByteString();
        return all;
    }

    private void copied(Kind kind, byte[] array, int offset, int length) {
        header(kind, array, offset, length);
        room(length);
        System.arraycopy(array, offset, small, used, length);
        used += length;
    }

    private void header(Kind kind, byte[] array, int offset, int length) {
        if (length > kind.mostBytes()) {
            throw new IllegalStateException(
                    "a frame of kind " + kind + " has at most " + kind.mostBytes() + " bytes, this has " + length);
        }
        crc.reset();
        crc.update(kind.code());
        crc.update(array, offset, length);
        room(Kind.HEADER);
        ByteBuffer.wrap(small, used, Kind.HEADER)
                .putInt(length)
                .put((byte) kind.code())
                .putInt((int) crc.getValue());
        used += Kind.HEADER;
    }

    private void room(int bytes) {
        if (small.length - used < bytes) {
            small = Arrays.copyOf(small, Math.max(2 * small.length, used + bytes));
        }
    }

    private void flush() {
        if (used > 0) {
            done = done.concat(ByteString.fromArrayUnsafe(small, 0, used));
            small = new byte[1024];
            used = 0;
        }
    }
}
