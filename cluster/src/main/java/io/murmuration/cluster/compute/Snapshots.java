package io.murmuration.cluster.compute;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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

    static byte[] read(List<Floats> vectors, int index, int chunkBytes) {
        long from = (long) index * chunkBytes;
        byte[] bytes = new byte[(int) Math.min(chunkBytes, bytes(vectors) - from)];
        copy(vectors, from, bytes, true);
        return bytes;
    }

    static void write(List<Floats> vectors, int index, int chunks, byte[] bytes) {
        long total = bytes(vectors);
        long from = index == chunks - 1 ? total - bytes.length : (long) index * bytes.length;
        if (from < 0 || from + bytes.length > total) {
            throw new IllegalArgumentException("chunk " + index + " of " + chunks + " with " + bytes.length
                    + " bytes does not fit into " + total + " bytes of state");
        }
        copy(vectors, from, bytes, false);
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
