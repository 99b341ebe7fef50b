package io.murmuration.tensors.reduce;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * Sums in fp32 in the order given, never in the order of arrival: fp32 addition is not associative, and replicas must
 * agree bit for bit. Each addition and multiplication is rounded once, so the bits are the same on every machine.
 */
public final class FixedOrderSum {

    private static final int CHUNK = 4096;

    private FixedOrderSum() {}

    /**
     * {@code target := (((c0 + c1) + c2) + ...) * factor}. The target may be one of the contributions.
     *
     * @param contributions at least one, all as long as the target, in the order that all replicas agree on
     */
    public static void sum(List<Floats> contributions, float factor, Floats target) {
        if (contributions.isEmpty()) {
            throw new IllegalArgumentException("expected at least one contribution");
        }
        contributions.forEach(contribution -> requireLength(target, contribution));
        float[] total = new float[(int) Math.min(CHUNK, target.length())];
        float[] next = new float[total.length];
        for (long at = 0; at < target.length(); at += CHUNK) {
            int count = (int) Math.min(CHUNK, target.length() - at);
            load(contributions.getFirst(), at, total, count);
            for (Floats contribution : contributions.subList(1, contributions.size())) {
                load(contribution, at, next, count);
                add(total, next, count);
            }
            multiply(total, factor, count);
            store(total, target, at, count);
        }
    }

    /** {@code accumulator := accumulator + contribution}. */
    public static void add(Floats accumulator, Floats contribution) {
        sum(List.of(accumulator, contribution), 1, accumulator);
    }

    /** {@code numbers := numbers * factor}. */
    public static void scale(Floats numbers, float factor) {
        sum(List.of(numbers), factor, numbers);
    }

    private static void add(float[] total, float[] next, int count) {
        for (int i = 0; i < count; i++) {
            total[i] += next[i];
        }
    }

    private static void multiply(float[] total, float factor, int count) {
        for (int i = 0; i < count; i++) {
            total[i] *= factor;
        }
    }

    private static void load(Floats source, long at, float[] block, int count) {
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, block, 0, count);
    }

    private static void store(float[] block, Floats target, long at, int count) {
        MemorySegment.copy(block, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
    }

    private static void requireLength(Floats target, Floats contribution) {
        if (contribution.length() != target.length()) {
            throw new IllegalArgumentException(
                    "expected contributions of " + target.length() + " numbers, got " + contribution.length());
        }
    }
}
