package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.tensors.codec.CodecSamples.FiniteNumbers;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The largest numbers, exactly: of a chunk, of many chunks, of a whole tensor, by each of its two ways. */
class TopKTest {

    @Property(tries = 500)
    void a_selection_is_what_sorting_gives(
            @ForAll @IntRange(min = 1, max = 40) int height,
            @ForAll @IntRange(min = 1, max = 120) int width,
            @ForAll @IntRange(min = 1, max = 70) int wanted,
            @ForAll @IntRange(min = 1, max = 2000) int distinct,
            @ForAll long seed) {
        int count = height * width;
        int k = Math.min(wanted, count);
        Random random = new Random(seed);
        float[] bySlot = new float[count];
        int[] transposed = new int[count];
        for (int slot = 0; slot < count; slot++) {
            bySlot[slot] = random.nextInt(-distinct, distinct) / 8f; // few distinct ones make many ties
            transposed[slot % width * height + slot / width] = Float.floatToRawIntBits(bySlot[slot]);
        }
        TopSelection selection = new TopSelection(count, k, height);
        for (int time = 0; time < 2; time++) { // what one selection leaves behind must not disturb the next
            assertThat(selection.select(transposed)).isTrue();
            int[] expected = largest(bySlot, 0, count, k);
            assertThat(selection.slots()).isEqualTo(expected);
            for (int i = 0; i < k; i++) {
                assertThat(selection.values()[i]).isEqualTo(bySlot[expected[i]]);
            }
        }
    }

    /** The indices of the k largest magnitudes, ties to the lower index, ascending. */
    private static int[] largest(float[] numbers, int from, int to, int k) {
        return IntStream.range(from, to)
                .boxed()
                .sorted(Comparator.<Integer, Float>comparing(i -> -Math.abs(numbers[i]))
                        .thenComparing(Comparator.naturalOrder()))
                .limit(k)
                .mapToInt(Integer::intValue)
                .sorted()
                .toArray();
    }

    @Property
    void top_k_keeps_exactly_the_largest(
            @ForAll(supplier = FiniteNumbers.class) float[] numbers,
            @ForAll @IntRange(min = 0, max = 50) int chunk,
            @ForAll @IntRange(min = 1, max = 60) int count) {
        float[] decoded = CodecSamples.roundTrip(Codecs.topK(chunk, count), numbers);
        float[] expected = new float[numbers.length];
        int step = chunk == 0 ? numbers.length : chunk;
        for (int from = 0; from < numbers.length; from += step) {
            int to = Math.min(numbers.length, from + step);
            for (int i : largest(numbers, from, to, Math.min(count, to - from))) {
                expected[i] = numbers[i];
            }
        }
        assertThat(decoded).isEqualTo(expected);
    }

    /** Few of many, as it is used. */
    @Property(tries = 30)
    void top_k_of_a_long_tensor_is_exact_on_any_number_of_threads(
            @ForAll @IntRange(min = 1, max = 300_000) int length,
            @ForAll @IntRange(min = 1, max = 40_000) int share,
            @ForAll @IntRange(min = 1, max = 50_000) int distinct,
            @ForAll long seed) {
        exact(length, share, distinct, seed);
    }

    @Property(tries = 15)
    void so_it_is_where_many_are_sought(
            @ForAll @IntRange(min = 1, max = 300_000) int length,
            @ForAll @IntRange(min = 30_000, max = 1_000_000) int share,
            @ForAll @IntRange(min = 1, max = 50_000) int distinct,
            @ForAll long seed) {
        exact(length, share, distinct, seed);
    }

    @Example
    void so_it_is_where_there_are_too_many_equal_ones_to_hold() {
        float[] numbers = new float[1_100_000];
        Arrays.fill(numbers, -2.5f);
        float[] expected = new float[numbers.length];
        Arrays.fill(expected, 0, 11, -2.5f);
        assertThat(CodecSamples.roundTrip(Codecs.topK(10), numbers)).isEqualTo(expected);
    }

    private static void exact(int length, int share, int distinct, long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = random.nextInt(-distinct, distinct) * 0.37f;
        }
        Codec codec = Codecs.topK(share);
        byte[] serial = encode(codec, numbers, Workers.SERIAL);
        assertThat(encode(codec, numbers, new ThreadWorkers())).isEqualTo(serial);
        int k = (int) Math.max(1, Math.ceilDiv((long) length * share, 1_000_000L));
        ByteBuffer in = ByteBuffer.wrap(serial).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(in.getInt()).isEqualTo(k);
        for (int index : largest(numbers, 0, length, k)) {
            assertThat(in.getInt()).isEqualTo(index);
        }
    }

    private static byte[] encode(Codec codec, float[] numbers, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
            codec.encode(Floats.of(arena, numbers), bytes, workers);
            return bytes.array();
        }
    }
}
