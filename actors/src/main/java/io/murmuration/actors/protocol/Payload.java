package io.murmuration.actors.protocol;

/**
 * Bytes of an encoded tensor. Never changed after it is made, so it may be shared between frames.
 *
 * @param bytes what travels
 * @param uncompressedBytes what the same numbers take as fp32; the ratio of the two is the compression
 */
@SuppressWarnings("ArrayRecordComponent")
public record Payload(byte[] bytes, long uncompressedBytes) {
    public static final Payload EMPTY = new Payload(new byte[0], 0);

    public int size() {
        return bytes.length;
    }

    @Override
    public String toString() {
        return "Payload[" + bytes.length + " of " + uncompressedBytes + " bytes]";
    }
}
