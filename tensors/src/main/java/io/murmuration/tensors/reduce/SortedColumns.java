package io.murmuration.tensors.reduce;

import static io.murmuration.tensors.compute.Lanes.MEMORY;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Sorts the columns of a few long rows: number i of every row, for all i at once. What coordinate-wise robust rules are made
 * of. Numbers are turned into integer keys that order alike, since the least of two integers is one instruction and has
 * one answer for every pair of zeros: -0 comes before +0. Finite numbers only.
 *
 * <p>A sorting network runs over blocks of columns without a branch: for up to 16 rows in registers ({@link Sort16}, missing
 * rows sort last), otherwise in the first-level cache, one comparator at a time ({@link SortingNetwork}).
 */
final class SortedColumns {

    /** Columns of a block: 16 rows of keys are half of a first-level cache. */
    static final int BLOCK = 256;

    /** Bytes from one row of keys to the next: a cache line more than a block, so that a column is not all in one set. */
    static final long STRIDE = (BLOCK + 16) * (long) Float.BYTES;

    static final ByteOrder ORDER = ByteOrder.nativeOrder();
    static final VectorSpecies<Integer> BITS = IntVector.SPECIES_PREFERRED;

    /** Shifts by vectors that were made once are two to three times as fast as shifts by numbers. */
    static final IntVector SIGNS = IntVector.broadcast(BITS, 31);

    static final IntVector ONES = IntVector.broadcast(BITS, 1);

    private static final VectorSpecies<Double> DOUBLES = DoubleVector.SPECIES_PREFERRED;
    private static final int WIDTH = BITS.length();
    private static final int HALF = DOUBLES.length();
    private static final int REGISTER_ROWS = 16;

    private final List<Floats> rows;
    private final int fromRank;
    private final int toRank;
    /** Empty: in registers. */
    private final Optional<SortingNetwork> network;

    private final MemorySegment scratch;
    private final long[] addresses;
    private final double[] sums = new double[BLOCK];
    private final float[] means = new float[BLOCK];

    private SortedColumns(Arena arena, List<Floats> rows, int fromRank, int toRank) {
        boolean inRegisters = rows.size() <= REGISTER_ROWS;
        this.rows = rows;
        this.fromRank = fromRank;
        this.toRank = toRank;
        this.network = inRegisters ? Optional.empty() : Optional.of(SortingNetwork.of(rows.size(), fromRank, toRank));
        int lanes = inRegisters ? REGISTER_ROWS : rows.size();
        // One row more: what stands in for rows that are not there.
        this.scratch = arena.allocate((lanes + 1) * STRIDE, Floats.ALIGNMENT_BYTES);
        this.addresses = new long[lanes];
        for (int i = 0; i < BLOCK; i++) {
            scratch.set(ValueLayout.JAVA_INT, lanes * STRIDE + (long) i * Integer.BYTES, Integer.MAX_VALUE);
        }
    }

    /**
     * Per column, the mean of the sorted values from rank {@code fromRank} to before {@code toRank}: summed in fp64 in
     * ascending order, multiplied by 1 / ranks, rounded once. A zero result is +0.
     *
     * @param rows at least one, of at least {@code to} numbers, finite
     * @param from first column
     * @param to end of the columns
     */
    static void meanOfRanks(List<Floats> rows, int fromRank, int toRank, Floats target, long from, long to) {
        if (fromRank < 0 || fromRank >= toRank || toRank > rows.size()) {
            throw new IllegalArgumentException(
                    "expected ranks within " + rows.size() + ", got " + fromRank + " to " + toRank);
        }
        for (Floats row : rows) {
            if (row.length() < to) {
                throw new IllegalArgumentException("expected rows of " + to + " numbers, got " + row.length());
            }
            if (!row.segment().scope().isAlive()) {
                throw new IllegalStateException("a row is used after its memory was released");
            }
        }
        try (Arena arena = Arena.ofConfined()) {
            SortedColumns columns = new SortedColumns(arena, rows, fromRank, toRank);
            for (long at = from; at < to; at += BLOCK) {
                columns.block(target, at, (int) Math.min(BLOCK, to - at));
            }
        }
    }

    private void block(Floats target, long at, int count) {
        long keys = scratch.address();
        for (int row = 0; row < addresses.length; row++) {
            addresses[row] = address(row, at, count);
        }
        if (network.isPresent()) {
            for (int row = 0; row < addresses.length; row++) {
                toKeys(addresses[row], keys + row * STRIDE);
            }
            network.get().run(keys, STRIDE);
        } else {
            sort16(addresses, keys);
        }
        for (int i = 0; i < BLOCK; i += WIDTH) {
            sum(keys + (long) i * Float.BYTES, fromRank, toRank, sums, i);
        }
        mean(sums, 1.0 / (toRank - fromRank), means);
        MemorySegment.copy(means, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
    }

    /** Where a whole block of a row can be read: in place, or a copy at the end of the row. */
    private long address(int row, long at, int count) {
        if (row >= rows.size()) {
            return scratch.address() + addresses.length * STRIDE;
        }
        MemorySegment source = rows.get(row).segment().asSlice(at * Float.BYTES, (long) count * Float.BYTES);
        if (count == BLOCK) {
            return source.address();
        }
        // What lies beyond the end is sorted, too, and not used.
        scratch.asSlice(row * STRIDE, source.byteSize()).copyFrom(source);
        return scratch.address() + row * STRIDE;
    }

    private static void sort16(long[] rows, long keys) {
        for (int i = 0; i < BLOCK; i += WIDTH) {
            Sort16.columns(rows, (long) i * Float.BYTES, keys);
        }
    }

    /** Integers that order like the numbers: those below zero have all bits but the sign turned over. */
    private static void toKeys(long row, long keys) {
        for (long at = 0; at < BLOCK * (long) Float.BYTES; at += (long) WIDTH * Float.BYTES) {
            turned(IntVector.fromMemorySegment(BITS, MEMORY, row + at, ORDER))
                    .intoMemorySegment(MEMORY, keys + at, ORDER);
        }
    }

    /** From bits to keys, and back. */
    private static IntVector turned(IntVector bits) {
        IntVector sign = bits.lanewise(VectorOperators.ASHR, SIGNS);
        return bits.lanewise(VectorOperators.XOR, sign.lanewise(VectorOperators.LSHR, ONES));
    }

    private static void sum(long keys, int fromRank, int toRank, double[] sums, int at) {
        FloatVector numbers = number(keys + fromRank * STRIDE);
        DoubleVector low = half(numbers, 0);
        DoubleVector high = half(numbers, 1);
        for (int rank = fromRank + 1; rank < toRank; rank++) {
            numbers = number(keys + rank * STRIDE);
            low = low.add(half(numbers, 0));
            high = high.add(half(numbers, 1));
        }
        low.intoArray(sums, at);
        high.intoArray(sums, at + HALF);
    }

    private static FloatVector number(long key) {
        return turned(IntVector.fromMemorySegment(BITS, MEMORY, key, ORDER)).reinterpretAsFloats();
    }

    private static DoubleVector half(FloatVector numbers, int part) {
        return (DoubleVector) numbers.convertShape(VectorOperators.F2D, DOUBLES, part);
    }

    private static void mean(double[] sums, double share, float[] means) {
        for (int i = 0; i < BLOCK; i++) {
            means[i] = (float) (sums[i] * share) + 0f; // -0 + 0 is +0
        }
    }
}
