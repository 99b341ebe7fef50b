package io.murmuration.faults.simulation;

import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.tensors.reduce.Digest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/** The hash of what has happened; gathers small entries, because a digest is fast only on many bytes at once. */
final class History {

    private static final int BUFFER_BYTES = 1 << 16;

    private final MessageDigest digest = Digest.sha256();
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES);

    void add(long time, long sequence, long number, Source source, byte[] content) {
        byte[] node = source.node().getBytes(StandardCharsets.UTF_8);
        byte[] path = source.path().getBytes(StandardCharsets.UTF_8);
        if (buffer.remaining() < 4 * Long.BYTES + 3 * Integer.BYTES) {
            flush();
        }
        buffer.putLong(time).putLong(sequence).putLong(source.life()).putLong(number);
        buffer.putInt(node.length).putInt(path.length).putInt(content.length);
        put(node);
        put(path);
        put(content);
    }

    private void put(byte[] bytes) {
        if (buffer.remaining() < bytes.length) {
            flush();
        }
        if (buffer.remaining() < bytes.length) {
            digest.update(bytes);
        } else {
            buffer.put(bytes);
        }
    }

    private void flush() {
        digest.update(buffer.array(), 0, buffer.position());
        buffer.clear();
    }

    String hex() {
        flush();
        try {
            return Digest.of((MessageDigest) digest.clone()).hex();
        } catch (CloneNotSupportedException e) {
            throw new IllegalStateException("the JDK's SHA-256 can be cloned", e);
        }
    }
}
