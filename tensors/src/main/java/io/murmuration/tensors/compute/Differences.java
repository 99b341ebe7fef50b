package io.murmuration.tensors.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Number by number over long vectors, through arrays that stay in the first-level cache. */
public final class Differences {

    private static final int BLOCK = 2048;

    private record Scratch(float[] one, float[] two) {
        Scratch() {
            this(new float[BLOCK], new float[BLOCK]);
        }
    }

    private Differences() {}

    /**
     * {@code difference := left - right}, each number rounded once.
     *
     * @param difference may be one of the two
     * @throws IllegalArgumentException if the three are not of one length
     */
    public static void subtract(Floats left, Floats right, Floats difference, Workers workers) {
        long length = difference.length();
        if (left.length() != length || right.length() != length) {
            throw new IllegalArgumentException(
                    "expected vectors of " + length + " numbers, got " + left.length() + " and " + right.length());
        }
        Pieces.of(length, BLOCK).run(workers, Scratch::new, (scratch, number, from, to) -> {
            for (long at = from; at < to; at += BLOCK) {
                int count = (int) Math.min(BLOCK, to - at);
                long offset = at * Float.BYTES;
                MemorySegment.copy(left.segment(), ValueLayout.JAVA_FLOAT, offset, scratch.one, 0, count);
                MemorySegment.copy(right.segment(), ValueLayout.JAVA_FLOAT, offset, scratch.two, 0, count);
                subtract(scratch.one, scratch.two, count);
                MemorySegment.copy(scratch.one, 0, difference.segment(), ValueLayout.JAVA_FLOAT, offset, count);
            }
        });
    }

    private static void subtract(float[] minuend, float[] term, int count) {
        for (int i = 0; i < count; i++) {
            minuend[i] -= term[i];
        }
    }
}
