package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * SHA-256 over the little-endian bytes of vectors, one after the other. Equal digests mean equal bits.
 *
 * @param hex 64 hexadecimal digits, lower case
 */
public record Digest(String hex) {

    private static final int BYTES = 32;
    private static final int CHUNK = 16_384;
    private static final ValueLayout.OfFloat LITTLE_ENDIAN =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    public Digest {
        if (!hex.matches("[0-9a-f]{" + 2 * BYTES + "}")) {
            throw new IllegalArgumentException("expected a digest of " + 2 * BYTES + " hex digits, got " + hex);
        }
    }

    /** Digest of all numbers of all vectors in this order; where one vector ends and the next begins does not count. */
    public static Digest of(Floats... vectors) {
        MessageDigest sha256 = sha256();
        byte[] block = new byte[CHUNK * Float.BYTES];
        MemorySegment bytes = MemorySegment.ofArray(block);
        for (Floats vector : vectors) {
            for (long at = 0; at < vector.length(); at += CHUNK) {
                int count = (int) Math.min(CHUNK, vector.length() - at);
                MemorySegment.copy(
                        vector.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, bytes, LITTLE_ENDIAN, 0, count);
                sha256.update(block, 0, count * Float.BYTES);
            }
        }
        return of(sha256);
    }

    /** The digest of what was fed to {@code sha256}. */
    public static Digest of(MessageDigest sha256) {
        return new Digest(HexFormat.of().formatHex(sha256.digest()));
    }

    /** A fresh SHA-256, for what is not a vector. */
    public static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    public byte[] bytes() {
        return HexFormat.of().parseHex(hex);
    }

    @Override
    public String toString() {
        return hex;
    }
}
