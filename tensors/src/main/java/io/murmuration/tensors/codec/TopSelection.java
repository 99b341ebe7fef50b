package io.murmuration.tensors.codec;

import java.util.Arrays;
import jdk.incubator.vector.IntVector;

/**
 * The k numbers of largest magnitude of a chunk, exactly, ties to the lower slot. Magnitudes are compared as IEEE bits
 * without the sign, which order like the numbers. Loops are plain and over small arrays: the compiler vectorises them, and
 * being integer arithmetic they have no bits to lose.
 */
final class TopSelection {

    /** Groups whose maxima bound the k-th largest number from below; enough for k up to a quarter of them. */
    private static final int GROUPS = 256;

    /** The lowest bit that the bound from below is worked out to: 5 bits of the mantissa let few more numbers through. */
    private static final int ROUGHLY = 1 << 18;

    private final int count;
    private final int k;
    private final boolean grouped;
    private final int[] slotOf;
    private final int[] positionOf;
    private final int[] maxima;
    private final int[] candidates;
    private final int[] positions;
    private final long[] above;
    private final long[] equal;
    private final int[] slots;
    private final float[] values;
    private int candidateCount;

    /**
     * @param count numbers of the chunk
     * @param k how many to select, 1 to {@code count}
     * @param height if numbers come transposed, the number at position {@code v * height + u} has slot
     *     {@code u * (count / height) + v}; 1 if position and slot are the same
     */
    TopSelection(int count, int k, int height) {
        this.count = count;
        this.k = k;
        this.grouped = 4 * k <= GROUPS && count >= 4 * GROUPS;
        this.slotOf = new int[count];
        this.positionOf = new int[count];
        int width = count / height;
        for (int position = 0; position < count; position++) {
            int slot = position % height * width + position / height;
            slotOf[position] = slot;
            positionOf[slot] = position;
        }
        this.maxima = new int[GROUPS];
        this.candidates = new int[count];
        this.positions = new int[count];
        this.above = new long[Math.ceilDiv(count, Long.SIZE)];
        this.equal = new long[above.length];
        this.slots = new int[k];
        this.values = new float[k];
    }

    /** Slots of the last selection, ascending. */
    int[] slots() {
        return slots;
    }

    /** Numbers of the last selection, in the order of {@link #slots()}. */
    float[] values() {
        return values;
    }

    /**
     * Selects, unless a number is not finite.
     *
     * @param bits IEEE bits of the numbers
     * @return whether all numbers are finite
     */
    boolean select(int[] bits) {
        int largest = grouped ? groupMaxima(bits) : allMagnitudes(bits);
        if (largest >= Scan.INFINITE) {
            return false;
        }
        if (grouped) {
            collect(bits, kthLargest(maxima, GROUPS, k, largest, ROUGHLY));
        }
        int threshold = kthLargest(candidates, candidateCount, k, largest, 1);
        emit(bits, threshold, mark(threshold));
        return true;
    }

    /** Group g holds the positions g, g + GROUPS, g + 2 GROUPS, ... */
    private int groupMaxima(int[] bits) {
        int whole = count - count % GROUPS;
        for (int g = 0; g < GROUPS; g += Scan.INTS.length()) {
            groupMaxima(bits, g, whole, maxima);
        }
        for (int i = whole; i < count; i++) {
            maxima[i - whole] = Math.max(maxima[i - whole], bits[i] & Scan.MAGNITUDE);
        }
        return largest(maxima, GROUPS);
    }

    private static void groupMaxima(int[] bits, int group, int whole, int[] maxima) {
        IntVector largest = IntVector.zero(Scan.INTS);
        for (int i = group; i < whole; i += GROUPS) {
            largest = largest.max(IntVector.fromArray(Scan.INTS, bits, i).and(Scan.MAGNITUDES));
        }
        largest.intoArray(maxima, group);
    }

    private int allMagnitudes(int[] bits) {
        for (int i = 0; i < count; i++) {
            candidates[i] = bits[i] & Scan.MAGNITUDE;
        }
        for (int i = 0; i < count; i++) {
            positions[i] = i;
        }
        candidateCount = count;
        return largest(candidates, count);
    }

    private static int largest(int[] magnitudes, int count) {
        int largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, magnitudes[i]);
        }
        return largest;
    }

    /** All magnitudes from {@code floor} on, which at least k groups reach: only those groups can hold any. */
    private void collect(int[] bits, int floor) {
        int found = 0;
        for (int g = 0; g < GROUPS; g++) {
            if (maxima[g] >= floor) {
                for (int position = g; position < count; position += GROUPS) {
                    int magnitude = bits[position] & Scan.MAGNITUDE;
                    candidates[found] = magnitude;
                    positions[found] = position;
                    found += (floor - 1 - magnitude) >>> 31; // 1 if magnitude >= floor; no branch to mispredict
                }
            }
        }
        candidateCount = found;
    }

    /** The k-th largest of the magnitudes, bit by bit from the highest that the largest one has; lower bits stay 0. */
    private static int kthLargest(int[] magnitudes, int count, int k, int largest, int lowestBit) {
        int kth = 0;
        for (int bit = Integer.highestOneBit(largest); bit >= lowestBit; bit >>>= 1) {
            if (countFrom(kth | bit, magnitudes, count) >= k) {
                kth |= bit;
            }
        }
        return kth;
    }

    private static int countFrom(int bound, int[] magnitudes, int count) {
        int below = bound - 1;
        int reached = 0;
        for (int i = 0; i < count; i++) {
            reached += (below - magnitudes[i]) >>> 31;
        }
        return reached;
    }

    /** Marks the slots of what lies above the threshold and of what equals it; how many of the latter are to be sent. */
    private int mark(int threshold) {
        Arrays.fill(above, 0);
        Arrays.fill(equal, threshold == 0 ? -1L : 0);
        if (threshold == 0 && count % Long.SIZE != 0) {
            equal[equal.length - 1] = -1L >>> -count; // a number that is zero is above nothing: all slots qualify
        }
        int larger = 0;
        for (int i = 0; i < candidateCount; i++) {
            int slot = slotOf[positions[i]];
            if (candidates[i] > threshold) {
                above[slot >> 6] |= 1L << slot;
                larger++;
            } else if (candidates[i] == threshold) {
                equal[slot >> 6] |= 1L << slot;
            }
        }
        return k - larger;
    }

    private void emit(int[] bits, int threshold, int ties) {
        int sent = 0;
        int left = ties;
        for (int word = 0; sent < k; word++) {
            for (long set = above[word] | equal[word]; set != 0 && sent < k; set &= set - 1) {
                int slot = word * Long.SIZE + Long.numberOfTrailingZeros(set);
                int number = bits[positionOf[slot]];
                if ((number & Scan.MAGNITUDE) > threshold || left-- > 0) {
                    slots[sent] = slot;
                    values[sent++] = Float.intBitsToFloat(number);
                }
            }
        }
    }
}
