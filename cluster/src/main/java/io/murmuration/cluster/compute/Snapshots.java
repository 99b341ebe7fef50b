package io.murmuration.cluster.compute;

import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.reduce.Digest;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/** Cuts a list of vectors, as if they were one, into chunks of bytes. */
final class Snapshots {

    private Snapshots() {}

    static long bytes(List<Floats> vectors) {
        return vectors.stream().mapToLong(Floats::length).sum() * Float.BYTES;
    }

    static int chunks(List<Floats> vectors, int chunkBytes) {
        return Math.toIntExact((bytes(vectors) + chunkBytes - 1) / chunkBytes);
    }

    /** What the chunks are. Costs about as much as a digest of the state. */
    static Manifest manifest(List<Floats> vectors, int chunkBytes) {
        List<String> digests = new ArrayList<>();
        for (int index = 0; index < chunks(vectors, chunkBytes); index++) {
            digests.add(digest(chunk(vectors, index, chunkBytes)));
        }
        return new Manifest(chunkBytes, bytes(vectors), digests);
    }

    static String digest(Payload chunk) {
        MessageDigest sha256 = Digest.sha256();
        sha256.update(chunk.bytes());
        return Digest.of(sha256).hex();
    }

    static Payload chunk(List<Floats> vectors, int index, int chunkBytes) {
        long from = (long) index * chunkBytes;
        if (index < 0 || from >= bytes(vectors)) {
            throw new IllegalArgumentException("expected a chunk of " + bytes(vectors) + " bytes in chunks of "
                    + chunkBytes + ", got number " + index);
        }
        byte[] bytes = new byte[(int) Math.min(chunkBytes, bytes(vectors) - from)];
        copy(vectors, from, bytes, true);
        return new Payload(bytes, bytes.length);
    }

    static void write(List<Floats> vectors, int index, int chunks, byte[] bytes) {
        copy(vectors, start(bytes(vectors), index, chunks, bytes.length), bytes, false);
    }

    /**
     * Where a chunk begins.
     *
     * @param total bytes of the whole
     * @throws IllegalArgumentException if it is not within that
     */
    static long start(long total, int index, int chunks, int length) {
        long from = index == chunks - 1 ? total - length : (long) index * length;
        if (from < 0 || from + length > total) {
            throw new IllegalArgumentException("chunk " + index + " of " + chunks + " with " + length
                    + " bytes does not fit into " + total + " bytes of state");
        }
        return from;
    }

    private static void copy(List<Floats> vectors, long from, byte[] bytes, boolean out) {
        long start = 0;
        for (Floats vector : vectors) {
            MemorySegment segment = vector.segment();
            long begin = Math.max(from, start);
            long end = Math.min(from + bytes.length, start + segment.byteSize());
            if (begin < end) {
                int count = (int) (end - begin);
                int at = (int) (begin - from);
                if (out) {
                    MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, begin - start, bytes, at, count);
                } else {
                    MemorySegment.copy(bytes, at, segment, ValueLayout.JAVA_BYTE, begin - start, count);
                }
            }
            start += segment.byteSize();
        }
    }
}
