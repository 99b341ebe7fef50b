package io.murmuration.cluster.compute;

/** Token ids as they travel: little-endian in 1, 2 or 4 bytes each, as few as the vocabulary needs. */
public final class TokenBytes {

    private TokenBytes() {}

    /** Bytes of one id. */
    public static int width(int vocabulary) {
        return vocabulary <= 1 << 8 ? 1 : vocabulary <= 1 << 16 ? 2 : 4;
    }

    static byte[] encode(int[] ids, int vocabulary) {
        int width = width(vocabulary);
        byte[] bytes = new byte[ids.length * width];
        for (int i = 0; i < ids.length; i++) {
            for (int b = 0; b < width; b++) {
                bytes[i * width + b] = (byte) (ids[i] >>> (8 * b));
            }
        }
        return bytes;
    }

    /** @throws IllegalArgumentException if the bytes are no whole number of ids */
    static int[] decode(byte[] bytes, int vocabulary) {
        int width = width(vocabulary);
        if (bytes.length % width != 0) {
            throw new IllegalArgumentException(
                    "expected token ids of " + width + " bytes each, got " + bytes.length + " bytes");
        }
        int[] ids = new int[bytes.length / width];
        for (int i = 0; i < ids.length; i++) {
            for (int b = 0; b < width; b++) {
                ids[i] |= (bytes[i * width + b] & 0xff) << (8 * b);
            }
        }
        return ids;
    }
}
