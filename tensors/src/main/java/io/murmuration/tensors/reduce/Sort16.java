package io.murmuration.tensors.reduce;

import static io.murmuration.tensors.compute.Lanes.MEMORY;
import static io.murmuration.tensors.reduce.SortedColumns.BITS;
import static io.murmuration.tensors.reduce.SortedColumns.ONES;
import static io.murmuration.tensors.reduce.SortedColumns.ORDER;
import static io.murmuration.tensors.reduce.SortedColumns.SIGNS;
import static io.murmuration.tensors.reduce.SortedColumns.STRIDE;

import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/**
 * The 60 comparators of Dobbelaere's list for 16 inputs (as few as Green's, the fewest known; Knuth, TAOCP 3, 5.3.4), with all
 * 16 rows in registers. Written out, and without a helper method: C2 stops inlining what is not an intrinsic in a method
 * of this size, and what it does not inline puts its vectors on the heap, which makes this eight times slower.
 */
final class Sort16 {

    private Sort16() {}

    /**
     * Sorts as many columns as a vector has lanes.
     *
     * @param rows addresses of 16 rows of fp32 bits
     * @param offset bytes from there, both to read and to write
     * @param keys address of the first of 16 rows of sorted keys
     */
    static void columns(long[] rows, long offset, long keys) {
        IntVector v0 = IntVector.fromMemorySegment(BITS, MEMORY, rows[0] + offset, ORDER);
        v0 = v0.lanewise(
                VectorOperators.XOR, v0.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v1 = IntVector.fromMemorySegment(BITS, MEMORY, rows[1] + offset, ORDER);
        v1 = v1.lanewise(
                VectorOperators.XOR, v1.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v2 = IntVector.fromMemorySegment(BITS, MEMORY, rows[2] + offset, ORDER);
        v2 = v2.lanewise(
                VectorOperators.XOR, v2.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v3 = IntVector.fromMemorySegment(BITS, MEMORY, rows[3] + offset, ORDER);
        v3 = v3.lanewise(
                VectorOperators.XOR, v3.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v4 = IntVector.fromMemorySegment(BITS, MEMORY, rows[4] + offset, ORDER);
        v4 = v4.lanewise(
                VectorOperators.XOR, v4.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v5 = IntVector.fromMemorySegment(BITS, MEMORY, rows[5] + offset, ORDER);
        v5 = v5.lanewise(
                VectorOperators.XOR, v5.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v6 = IntVector.fromMemorySegment(BITS, MEMORY, rows[6] + offset, ORDER);
        v6 = v6.lanewise(
                VectorOperators.XOR, v6.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v7 = IntVector.fromMemorySegment(BITS, MEMORY, rows[7] + offset, ORDER);
        v7 = v7.lanewise(
                VectorOperators.XOR, v7.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v8 = IntVector.fromMemorySegment(BITS, MEMORY, rows[8] + offset, ORDER);
        v8 = v8.lanewise(
                VectorOperators.XOR, v8.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v9 = IntVector.fromMemorySegment(BITS, MEMORY, rows[9] + offset, ORDER);
        v9 = v9.lanewise(
                VectorOperators.XOR, v9.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v10 = IntVector.fromMemorySegment(BITS, MEMORY, rows[10] + offset, ORDER);
        v10 = v10.lanewise(
                VectorOperators.XOR, v10.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v11 = IntVector.fromMemorySegment(BITS, MEMORY, rows[11] + offset, ORDER);
        v11 = v11.lanewise(
                VectorOperators.XOR, v11.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v12 = IntVector.fromMemorySegment(BITS, MEMORY, rows[12] + offset, ORDER);
        v12 = v12.lanewise(
                VectorOperators.XOR, v12.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v13 = IntVector.fromMemorySegment(BITS, MEMORY, rows[13] + offset, ORDER);
        v13 = v13.lanewise(
                VectorOperators.XOR, v13.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v14 = IntVector.fromMemorySegment(BITS, MEMORY, rows[14] + offset, ORDER);
        v14 = v14.lanewise(
                VectorOperators.XOR, v14.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector v15 = IntVector.fromMemorySegment(BITS, MEMORY, rows[15] + offset, ORDER);
        v15 = v15.lanewise(
                VectorOperators.XOR, v15.lanewise(VectorOperators.ASHR, SIGNS).lanewise(VectorOperators.LSHR, ONES));
        IntVector least;
        least = v0.min(v13);
        v13 = v0.max(v13);
        v0 = least;
        least = v1.min(v12);
        v12 = v1.max(v12);
        v1 = least;
        least = v2.min(v15);
        v15 = v2.max(v15);
        v2 = least;
        least = v3.min(v14);
        v14 = v3.max(v14);
        v3 = least;
        least = v4.min(v8);
        v8 = v4.max(v8);
        v4 = least;
        least = v5.min(v6);
        v6 = v5.max(v6);
        v5 = least;
        least = v7.min(v11);
        v11 = v7.max(v11);
        v7 = least;
        least = v9.min(v10);
        v10 = v9.max(v10);
        v9 = least;
        least = v0.min(v5);
        v5 = v0.max(v5);
        v0 = least;
        least = v1.min(v7);
        v7 = v1.max(v7);
        v1 = least;
        least = v2.min(v9);
        v9 = v2.max(v9);
        v2 = least;
        least = v3.min(v4);
        v4 = v3.max(v4);
        v3 = least;
        least = v6.min(v13);
        v13 = v6.max(v13);
        v6 = least;
        least = v8.min(v14);
        v14 = v8.max(v14);
        v8 = least;
        least = v10.min(v15);
        v15 = v10.max(v15);
        v10 = least;
        least = v11.min(v12);
        v12 = v11.max(v12);
        v11 = least;
        least = v0.min(v1);
        v1 = v0.max(v1);
        v0 = least;
        least = v2.min(v3);
        v3 = v2.max(v3);
        v2 = least;
        least = v4.min(v5);
        v5 = v4.max(v5);
        v4 = least;
        least = v6.min(v8);
        v8 = v6.max(v8);
        v6 = least;
        least = v7.min(v9);
        v9 = v7.max(v9);
        v7 = least;
        least = v10.min(v11);
        v11 = v10.max(v11);
        v10 = least;
        least = v12.min(v13);
        v13 = v12.max(v13);
        v12 = least;
        least = v14.min(v15);
        v15 = v14.max(v15);
        v14 = least;
        least = v0.min(v2);
        v2 = v0.max(v2);
        v0 = least;
        least = v1.min(v3);
        v3 = v1.max(v3);
        v1 = least;
        least = v4.min(v10);
        v10 = v4.max(v10);
        v4 = least;
        least = v5.min(v11);
        v11 = v5.max(v11);
        v5 = least;
        least = v6.min(v7);
        v7 = v6.max(v7);
        v6 = least;
        least = v8.min(v9);
        v9 = v8.max(v9);
        v8 = least;
        least = v12.min(v14);
        v14 = v12.max(v14);
        v12 = least;
        least = v13.min(v15);
        v15 = v13.max(v15);
        v13 = least;
        least = v1.min(v2);
        v2 = v1.max(v2);
        v1 = least;
        least = v3.min(v12);
        v12 = v3.max(v12);
        v3 = least;
        least = v4.min(v6);
        v6 = v4.max(v6);
        v4 = least;
        least = v5.min(v7);
        v7 = v5.max(v7);
        v5 = least;
        least = v8.min(v10);
        v10 = v8.max(v10);
        v8 = least;
        least = v9.min(v11);
        v11 = v9.max(v11);
        v9 = least;
        least = v13.min(v14);
        v14 = v13.max(v14);
        v13 = least;
        least = v1.min(v4);
        v4 = v1.max(v4);
        v1 = least;
        least = v2.min(v6);
        v6 = v2.max(v6);
        v2 = least;
        least = v5.min(v8);
        v8 = v5.max(v8);
        v5 = least;
        least = v7.min(v10);
        v10 = v7.max(v10);
        v7 = least;
        least = v9.min(v13);
        v13 = v9.max(v13);
        v9 = least;
        least = v11.min(v14);
        v14 = v11.max(v14);
        v11 = least;
        least = v2.min(v4);
        v4 = v2.max(v4);
        v2 = least;
        least = v3.min(v6);
        v6 = v3.max(v6);
        v3 = least;
        least = v9.min(v12);
        v12 = v9.max(v12);
        v9 = least;
        least = v11.min(v13);
        v13 = v11.max(v13);
        v11 = least;
        least = v3.min(v5);
        v5 = v3.max(v5);
        v3 = least;
        least = v6.min(v8);
        v8 = v6.max(v8);
        v6 = least;
        least = v7.min(v9);
        v9 = v7.max(v9);
        v7 = least;
        least = v10.min(v12);
        v12 = v10.max(v12);
        v10 = least;
        least = v3.min(v4);
        v4 = v3.max(v4);
        v3 = least;
        least = v5.min(v6);
        v6 = v5.max(v6);
        v5 = least;
        least = v7.min(v8);
        v8 = v7.max(v8);
        v7 = least;
        least = v9.min(v10);
        v10 = v9.max(v10);
        v9 = least;
        least = v11.min(v12);
        v12 = v11.max(v12);
        v11 = least;
        least = v6.min(v7);
        v7 = v6.max(v7);
        v6 = least;
        least = v8.min(v9);
        v9 = v8.max(v9);
        v8 = least;
        long to = keys + offset;
        v0.intoMemorySegment(MEMORY, to, ORDER);
        v1.intoMemorySegment(MEMORY, to + STRIDE, ORDER);
        v2.intoMemorySegment(MEMORY, to + 2 * STRIDE, ORDER);
        v3.intoMemorySegment(MEMORY, to + 3 * STRIDE, ORDER);
        v4.intoMemorySegment(MEMORY, to + 4 * STRIDE, ORDER);
        v5.intoMemorySegment(MEMORY, to + 5 * STRIDE, ORDER);
        v6.intoMemorySegment(MEMORY, to + 6 * STRIDE, ORDER);
        v7.intoMemorySegment(MEMORY, to + 7 * STRIDE, ORDER);
        v8.intoMemorySegment(MEMORY, to + 8 * STRIDE, ORDER);
        v9.intoMemorySegment(MEMORY, to + 9 * STRIDE, ORDER);
        v10.intoMemorySegment(MEMORY, to + 10 * STRIDE, ORDER);
        v11.intoMemorySegment(MEMORY, to + 11 * STRIDE, ORDER);
        v12.intoMemorySegment(MEMORY, to + 12 * STRIDE, ORDER);
        v13.intoMemorySegment(MEMORY, to + 13 * STRIDE, ORDER);
        v14.intoMemorySegment(MEMORY, to + 14 * STRIDE, ORDER);
        v15.intoMemorySegment(MEMORY, to + 15 * STRIDE, ORDER);
    }
}
