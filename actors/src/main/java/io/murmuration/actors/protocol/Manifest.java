package io.murmuration.actors.protocol;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * What a snapshot consists of: so many bytes, cut in chunks of equal size (the last may be shorter), and the SHA-256 of
 * each. Donors of the same state have equal manifests.
 *
 * @param chunkBytes size of every chunk but the last
 * @param bytes size of the whole
 * @param digests SHA-256 of each chunk, 64 hexadecimal digits in lower case
 */
public record Manifest(int chunkBytes, long bytes, List<String> digests) {

    /** A larger count is a lie: 1 Mi chunks of the smallest size are more than any stage. */
    public static final int MAX_CHUNKS = 1 << 20;

    private static final int DIGEST_BYTES = 32;
    private static final int HEADER_BYTES = Integer.BYTES + Long.BYTES;

    public Manifest {
        digests = List.copyOf(digests);
        if (chunkBytes < 1 || bytes < 1 || digests.size() > MAX_CHUNKS || digests.size() != chunks(chunkBytes, bytes)) {
            throw new ProtocolException("expected 1 to " + MAX_CHUNKS + " digests, one for each " + chunkBytes
                    + " bytes of " + bytes + ", got " + digests.size());
        }
        for (String digest : digests) {
            if (digest.length() != 2 * DIGEST_BYTES) {
                throw new ProtocolException("expected a digest of " + 2 * DIGEST_BYTES + " hex digits, got " + digest);
            }
        }
    }

    private static long chunks(int chunkBytes, long bytes) {
        return bytes / chunkBytes + (bytes % chunkBytes == 0 ? 0 : 1);
    }

    public int chunks() {
        return digests.size();
    }

    /** Bytes of chunk {@code index}. */
    public int size(int index) {
        return (int) Math.min(chunkBytes, bytes - (long) index * chunkBytes);
    }

    /** As it travels: size of a chunk, size of the whole (both big-endian), then the digests. */
    public Payload encode() {
        ByteBuffer buffer = ByteBuffer.allocate(HEADER_BYTES + digests.size() * DIGEST_BYTES);
        buffer.putInt(chunkBytes).putLong(bytes);
        digests.forEach(digest -> buffer.put(HexFormat.of().parseHex(digest)));
        return new Payload(buffer.array(), buffer.capacity());
    }

    /** @throws ProtocolException if the bytes are no manifest */
    public static Manifest decode(Payload payload) {
        int size = payload.size();
        if (size < HEADER_BYTES || (size - HEADER_BYTES) % DIGEST_BYTES != 0) {
            throw new ProtocolException(
                    "expected a manifest of " + HEADER_BYTES + " + n x " + DIGEST_BYTES + " bytes, got " + size);
        }
        ByteBuffer buffer = ByteBuffer.wrap(payload.bytes());
        int chunkBytes = buffer.getInt();
        long bytes = buffer.getLong();
        List<String> digests = new ArrayList<>();
        for (int at = HEADER_BYTES; at < size; at += DIGEST_BYTES) {
            digests.add(HexFormat.of().formatHex(payload.bytes(), at, at + DIGEST_BYTES));
        }
        return new Manifest(chunkBytes, bytes, digests);
    }

    @Override
    public String toString() {
        return "Manifest[" + digests.size() + " chunks of " + chunkBytes + ", " + bytes + " bytes]";
    }
}
