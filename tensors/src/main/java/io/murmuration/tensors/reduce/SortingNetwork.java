package io.murmuration.tensors.reduce;

import static io.murmuration.tensors.compute.Lanes.MEMORY;
import static io.murmuration.tensors.reduce.SortedColumns.BITS;
import static io.murmuration.tensors.reduce.SortedColumns.ORDER;

import java.util.ArrayList;
import java.util.List;
import jdk.incubator.vector.IntVector;

/**
 * Batcher's merge exchange for any number of rows (Knuth, TAOCP 3, 5.2.2, algorithm M), without the comparators that no
 * wanted rank depends on. Each comparator works on whole rows of {@link SortedColumns#BLOCK} integers.
 *
 * @param rows how many rows are sorted
 * @param comparators in order
 */
record SortingNetwork(int rows, List<Comparator> comparators) {

    /** Puts the lesser of two rows' numbers into the first, column by column. */
    record Comparator(int low, int high) {}

    /** The network that puts ranks {@code fromRank} to before {@code toRank} in their rows; the other rows are not sorted. */
    static SortingNetwork of(int rows, int fromRank, int toRank) {
        List<Comparator> all = mergeExchange(rows);
        boolean[] wanted = new boolean[rows];
        for (int rank = fromRank; rank < toRank; rank++) {
            wanted[rank] = true;
        }
        List<Comparator> needed = new ArrayList<>();
        for (Comparator comparator : all.reversed()) {
            if (wanted[comparator.low] || wanted[comparator.high]) {
                wanted[comparator.low] = true;
                wanted[comparator.high] = true;
                needed.add(comparator);
            }
        }
        return new SortingNetwork(rows, List.copyOf(needed.reversed()));
    }

    private static List<Comparator> mergeExchange(int rows) {
        List<Comparator> comparators = new ArrayList<>();
        int top = rows < 2 ? 0 : Integer.highestOneBit(rows - 1);
        for (int p = top; p > 0; p /= 2) {
            int q = top;
            int r = 0;
            int d = p;
            while (d > 0) {
                for (int i = 0; i + d < rows; i++) {
                    if ((i & p) == r) {
                        comparators.add(new Comparator(i, i + d));
                    }
                }
                d = q - p;
                q /= 2;
                r = p;
            }
        }
        return comparators;
    }

    /** Sorts a block: row i is at {@code keys + i * stride}. */
    void run(long keys, long stride) {
        for (Comparator comparator : comparators) {
            exchange(keys + comparator.low * stride, keys + comparator.high * stride);
        }
    }

    private static void exchange(long low, long high) {
        for (long at = 0; at < SortedColumns.BLOCK * (long) Float.BYTES; at += (long) BITS.vectorByteSize()) {
            IntVector a = IntVector.fromMemorySegment(BITS, MEMORY, low + at, ORDER);
            IntVector b = IntVector.fromMemorySegment(BITS, MEMORY, high + at, ORDER);
            a.min(b).intoMemorySegment(MEMORY, low + at, ORDER);
            a.max(b).intoMemorySegment(MEMORY, high + at, ORDER);
        }
    }
}
