package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Number-by-number arithmetic over several vectors of one length, chunk by chunk on the heap. */
final class Chunkwise {

    private static final int CHUNK = 4096;

    /** The arithmetic on one chunk of every vector. */
    @FunctionalInterface
    interface Kernel {
        void apply(float[][] chunks, int count);
    }

    private Chunkwise() {}

    /**
     * @param written how many of the vectors, from the first on, the kernel changes
     * @throws IllegalArgumentException if the vectors are not all as long as the first
     */
    static void run(int written, Kernel kernel, Floats... vectors) {
        long length = vectors[0].length();
        for (Floats vector : vectors) {
            if (vector.length() != length) {
                throw new IllegalArgumentException(
                        "expected vectors of " + length + " numbers, one has " + vector.length());
            }
        }
        float[][] chunks = new float[vectors.length][(int) Math.min(CHUNK, length)];
        for (long at = 0; at < length; at += CHUNK) {
            int count = (int) Math.min(CHUNK, length - at);
            for (int i = 0; i < vectors.length; i++) {
                MemorySegment.copy(vectors[i].segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, chunks[i], 0, count);
            }
            kernel.apply(chunks, count);
            for (int i = 0; i < written; i++) {
                MemorySegment.copy(chunks[i], 0, vectors[i].segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
            }
        }
    }
}
