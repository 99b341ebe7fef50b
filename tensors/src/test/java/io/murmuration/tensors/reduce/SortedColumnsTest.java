package io.murmuration.tensors.reduce;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.reduce.SortingNetwork.Comparator;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class SortedColumnsTest {

    @Property(tries = 300)
    void the_kernel_gives_the_bits_of_a_sort_column_by_column(
            @ForAll @IntRange(min = 1, max = 64) int rows,
            @ForAll @IntRange(min = 0, max = 1100) int length,
            @ForAll @IntRange(min = 0, max = 63) int oneRank,
            @ForAll @IntRange(min = 0, max = 63) int otherRank,
            @ForAll long seed) {
        int fromRank = Math.min(oneRank, otherRank) % rows;
        int toRank = Math.min(rows, fromRank + 1 + Math.abs(oneRank - otherRank));
        try (Arena arena = Arena.ofConfined()) {
            List<Floats> vectors = vectors(arena, rows, length, seed);
            int from = length < 300 ? 0 : length / 3;
            Floats target = Floats.allocate(arena, length);
            SortedColumns.meanOfRanks(vectors, fromRank, toRank, target, from, length);
            for (int i = from; i < length; i++) {
                float want = scalarTwin(vectors, i, fromRank, toRank);
                assertThat(Float.floatToRawIntBits(target.get(i)))
                        .as("column %d: %s, expected %s", i, target.get(i), want)
                        .isEqualTo(Float.floatToRawIntBits(want));
            }
            for (int i = 0; i < from; i++) {
                assertThat(target.get(i)).isZero();
            }
        }
    }

    /** The kernel in one line per step, by the library's sort, which puts -0 before +0, too. */
    private static float scalarTwin(List<Floats> vectors, int column, int fromRank, int toRank) {
        float[] values = new float[vectors.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = vectors.get(i).get(column);
        }
        Arrays.sort(values);
        double sum = values[fromRank];
        for (int rank = fromRank + 1; rank < toRank; rank++) {
            sum += values[rank];
        }
        return (float) (sum * (1.0 / (toRank - fromRank))) + 0f;
    }

    @Example
    void merge_exchange_sorts_every_order_of_zeros_and_ones() { // so it sorts everything (Knuth, 5.3.4, theorem Z)
        for (int rows = 1; rows <= 12; rows++) {
            SortingNetwork network = SortingNetwork.of(rows, 0, rows);
            for (int bits = 0; bits < 1 << rows; bits++) {
                int ones = Integer.bitCount(bits);
                assertThat(run(network, bits)).isEqualTo(((1 << ones) - 1) << (rows - ones));
            }
        }
    }

    @Property(tries = 200)
    void a_network_without_what_nobody_needs_still_puts_the_wanted_ranks_in_place(
            @ForAll @IntRange(min = 2, max = 16) int rows,
            @ForAll @IntRange(min = 0, max = 15) int rank,
            @ForAll @IntRange(min = 0, max = 65_535) int values) {
        int wanted = rank % rows;
        int bits = values & ((1 << rows) - 1);
        SortingNetwork network = SortingNetwork.of(rows, wanted, wanted + 1);
        int expected = wanted >= rows - Integer.bitCount(bits) ? 1 : 0;
        assertThat(run(network, bits) >> wanted & 1).isEqualTo(expected);
        assertThat(network.comparators())
                .hasSizeLessThanOrEqualTo(
                        SortingNetwork.of(rows, 0, rows).comparators().size());
    }

    @Example
    void rows_that_are_too_short_or_released_are_refused() {
        Floats released;
        try (Arena arena = Arena.ofConfined()) {
            released = Floats.allocate(arena, 300);
        }
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, 300);
            Floats shorter = Floats.allocate(arena, 299);
            assertThatThrownBy(() -> SortedColumns.meanOfRanks(List.of(target, shorter), 0, 1, target, 0, 300))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("expected rows of 300 numbers, got 299");
            assertThatThrownBy(() -> SortedColumns.meanOfRanks(List.of(released), 0, 1, target, 0, 300))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    private static int run(SortingNetwork network, int bits) {
        int rows = bits;
        for (Comparator comparator : network.comparators()) {
            int low = rows >> comparator.low() & 1;
            int high = rows >> comparator.high() & 1;
            if (low > high) {
                rows ^= 1 << comparator.low() | 1 << comparator.high();
            }
        }
        return rows;
    }

    /** With both zeros, equal numbers and every size. */
    static List<Floats> vectors(Arena arena, int rows, int length, long seed) {
        Random random = new Random(seed);
        List<Floats> vectors = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            float[] values = new float[length];
            for (int i = 0; i < length; i++) {
                values[i] = switch (random.nextInt(8)) {
                    case 0 -> 0f;
                    case 1 -> -0f;
                    case 2 -> random.nextInt(3) - 1;
                    case 3 -> Float.MAX_VALUE * (random.nextFloat() - 0.5f);
                    case 4 -> Float.MIN_VALUE * (random.nextInt(9) - 4);
                    default -> (float) random.nextGaussian();
                };
            }
            vectors.add(Floats.of(arena, values));
        }
        return vectors;
    }
}
