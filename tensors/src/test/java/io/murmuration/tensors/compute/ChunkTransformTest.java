package io.murmuration.tensors.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class ChunkTransformTest {

    @Property(tries = 200)
    void the_vector_kernel_gives_the_bits_of_its_scalar_twin(
            @ForAll @IntRange(min = 1, max = 72) int height,
            @ForAll @IntRange(min = 1, max = 72) int width,
            @ForAll long seed) {
        float[] chunk = gaussian(height * width, seed);
        float[] coefficients = forward(chunk, height, width);
        assertThat(bits(coefficients)).isEqualTo(bits(ScalarTransform.forward(chunk, height, width)));
        assertThat(bits(inverse(coefficients, height, width)))
                .isEqualTo(bits(ScalarTransform.inverse(coefficients, height, width)));
    }

    @Example
    void so_it_does_for_the_sides_that_matter_most() {
        for (int[] sides : new int[][] {{64, 64}, {1, 256}, {256, 2}, {50, 36}, {1, 61}, {29, 64}, {1, 1}}) {
            the_vector_kernel_gives_the_bits_of_its_scalar_twin(sides[0], sides[1], 7);
        }
    }

    @Property(tries = 100)
    void the_transform_is_its_definition_in_double_precision(
            @ForAll @IntRange(min = 1, max = 20) int height,
            @ForAll @IntRange(min = 1, max = 20) int width,
            @ForAll long seed) {
        float[] chunk = gaussian(height * width, seed);
        float[] coefficients = forward(chunk, height, width);
        for (int u = 0; u < height; u++) {
            for (int v = 0; v < width; v++) {
                double sum = 0;
                for (int i = 0; i < height; i++) {
                    for (int j = 0; j < width; j++) {
                        sum += chunk[i * width + j] * wave(height, i, u) * wave(width, j, v);
                    }
                }
                assertThat(Math.abs(coefficients[u * width + v] - sum)).isLessThan(1e-5);
            }
        }
    }

    private static double wave(int n, int i, int u) {
        return Math.sqrt((u == 0 ? 1.0 : 2.0) / n) * Math.cos(Math.PI * (2 * i + 1) * u / (2.0 * n));
    }

    @Property(tries = 200)
    void it_keeps_energy_and_its_inverse_takes_it_back(
            @ForAll @IntRange(min = 1, max = 96) int height,
            @ForAll @IntRange(min = 1, max = 96) int width,
            @ForAll long seed) {
        float[] chunk = gaussian(height * width, seed);
        float[] coefficients = forward(chunk, height, width);
        assertThat(energy(coefficients) / energy(chunk)).isBetween(1 - 1e-5, 1 + 1e-5);
        float[] back = inverse(coefficients, height, width);
        for (int i = 0; i < chunk.length; i++) {
            assertThat(Math.abs(back[i] - chunk[i])).isLessThan(2e-5f);
        }
    }

    @Property
    void a_side_is_the_largest_divisor_up_to_the_target(
            @ForAll @IntRange(min = 1, max = 5000) int length, @ForAll @IntRange(min = 1, max = 256) int target) {
        int side = ChunkTransform.side(length, target);
        assertThat(length % side).isZero();
        assertThat(side).isLessThanOrEqualTo(target);
        assertThat(IntStream.rangeClosed(side + 1, target).filter(larger -> length % larger == 0))
                .isEmpty();
    }

    @Example
    void a_chunk_in_the_middle_of_a_matrix_leaves_the_rest_of_it_alone() {
        try (Arena arena = Arena.ofConfined()) {
            Floats matrix = Floats.of(arena, gaussian(12 * 20, 3));
            float[] before = matrix.toArray();
            ChunkTransform transform = new ChunkTransform(arena, 6, 5);
            int[] transposed = new int[30];
            transform.forward(matrix, 6 * 20 + 10, 20, transposed);
            assertThat(bits(matrix.toArray())).isEqualTo(bits(before));
            transform.inverse(new int[0], new float[0], 0, matrix, 6 * 20 + 10, 20);
            for (int i = 0; i < before.length; i++) {
                boolean inside = i / 20 >= 6 && i % 20 >= 10 && i % 20 < 15;
                assertThat(matrix.get(i)).isEqualTo(inside ? 0 : before[i]);
            }
        }
    }

    @Example
    void sides_and_lengths_that_cannot_be_are_refused() {
        try (Arena arena = Arena.ofConfined()) {
            assertThatThrownBy(() -> new ChunkTransform(arena, 257, 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("expected a transform of 1 to 256 numbers, got 257");
            ChunkTransform transform = new ChunkTransform(arena, 4, 4);
            Floats tooFew = Floats.allocate(arena, 31);
            assertThatThrownBy(() -> transform.forward(tooFew, 4, 8, new int[16]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private static float[] gaussian(int length, long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static float[] forward(float[] chunk, int height, int width) {
        try (Arena arena = Arena.ofConfined()) {
            int[] transposed = new int[chunk.length];
            new ChunkTransform(arena, height, width).forward(Floats.of(arena, chunk), 0, width, transposed);
            float[] coefficients = new float[chunk.length];
            for (int i = 0; i < chunk.length; i++) {
                coefficients[i % height * width + i / height] = Float.intBitsToFloat(transposed[i]);
            }
            return coefficients;
        }
    }

    private static float[] inverse(float[] coefficients, int height, int width) {
        try (Arena arena = Arena.ofConfined()) {
            Floats chunk = Floats.allocate(arena, coefficients.length);
            int[] slots = IntStream.range(0, coefficients.length)
                    .filter(slot -> coefficients[slot] != 0)
                    .toArray();
            float[] values = new float[slots.length];
            for (int i = 0; i < slots.length; i++) {
                values[i] = coefficients[slots[i]];
            }
            new ChunkTransform(arena, height, width).inverse(slots, values, slots.length, chunk, 0, width);
            return chunk.toArray();
        }
    }

    private static double energy(float[] numbers) {
        double energy = 0;
        for (float number : numbers) {
            energy += (double) number * number;
        }
        return energy;
    }

    private static int[] bits(float[] numbers) {
        return IntStream.range(0, numbers.length)
                .map(i -> Float.floatToRawIntBits(numbers[i]))
                .toArray();
    }
}
