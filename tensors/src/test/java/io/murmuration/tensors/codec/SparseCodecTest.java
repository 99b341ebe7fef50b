package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.codec.CodecSamples.FiniteNumbers;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The codecs that drop most numbers: top-k, sparse 2-bit, and the DCT's. */
class SparseCodecTest {

    /** Takes a tensor of any length. */
    static final class AnyFlat implements ArbitrarySupplier<Codec> {
        @Override
        public Arbitrary<Codec> get() {
            Arbitrary<Integer> chunk = Arbitraries.integers().between(1, 300);
            Arbitrary<Integer> count = Arbitraries.integers().between(1, 40);
            return Arbitraries.oneOf(
                    Arbitraries.integers().between(1, 1_000_000).map(Codecs::topK),
                    Combinators.combine(chunk, count).as(Codecs::topK),
                    count.map(k -> Codecs.topK(0, k)),
                    Combinators.combine(chunk, count)
                            .as((length, k) -> Codecs.sparse2Bit(length, Math.min(length, k))));
        }
    }

    /** A matrix and a codec for it; the shape is that of the codec's columns. */
    record Matrix(DctTopK codec, int rows) {
        int length() {
            return rows * codec.columns();
        }
    }

    static final class AnyMatrix implements ArbitrarySupplier<Matrix> {
        @Override
        public Arbitrary<Matrix> get() {
            Arbitrary<Integer> axis = Arbitraries.integers().between(1, 70);
            return Combinators.combine(
                            axis,
                            axis,
                            Arbitraries.of(2, 8, 26, 64),
                            Arbitraries.of(1, 3, 32),
                            Arbitraries.of(true, false))
                    .as((rows, columns, target, k, signs) ->
                            new Matrix(DctTopK.of(List.of(rows, columns), target, k, signs), rows));
        }
    }

    @Property
    void the_size_is_as_reported_and_positions_move_over_it(
            @ForAll(supplier = AnyFlat.class) Codec codec,
            @ForAll(supplier = FiniteNumbers.class) float[] numbers,
            @ForAll boolean direct) {
        float[] moderate = moderate(numbers);
        int size = (int) codec.encodedSize(moderate.length);
        ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(size + 7) : ByteBuffer.allocate(size + 7);
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, moderate.length);
            codec.encode(Floats.of(arena, moderate), buffer.position(3));
            assertThat(buffer.position()).isEqualTo(3 + size);
            assertThat(buffer.slice(3 + size, 4)).isEqualTo(ByteBuffer.allocate(4));
            codec.decode(buffer.position(3), target);
            assertThat(buffer.position()).isEqualTo(3 + size);
            assertThat(target.toArray()).isEqualTo(CodecSamples.roundTrip(codec, moderate));
        }
    }

    /** The ends of the fp32 range have no finite spread. */
    private static float[] moderate(float[] numbers) {
        float[] moderate = numbers.clone();
        for (int i = 0; i < moderate.length; i++) {
            moderate[i] = Math.max(-1e30f, Math.min(1e30f, moderate[i]));
        }
        return moderate;
    }

    @Property(tries = 300)
    void threads_do_not_change_a_bit(@ForAll(supplier = AnyMatrix.class) Matrix matrix, @ForAll long seed) {
        int rows = matrix.rows * 40; // several pieces
        float[] numbers = gaussian(rows * matrix.codec.columns(), seed);
        byte[] serial = encode(matrix.codec, numbers, Workers.SERIAL);
        assertThat(encode(matrix.codec, numbers, new ThreadWorkers())).isEqualTo(serial);
        assertThat(decode(matrix.codec, serial, numbers.length, new ThreadWorkers()))
                .isEqualTo(decode(matrix.codec, serial, numbers.length, Workers.SERIAL));
    }

    @Property(tries = 20)
    void nor_do_they_for_flat_codecs(@ForAll(supplier = AnyFlat.class) Codec codec, @ForAll long seed) {
        float[] numbers = gaussian(150_001, seed);
        byte[] serial = encode(codec, numbers, Workers.SERIAL);
        assertThat(encode(codec, numbers, new ThreadWorkers())).isEqualTo(serial);
        assertThat(decode(codec, serial, numbers.length, new ThreadWorkers()))
                .isEqualTo(decode(codec, serial, numbers.length, Workers.SERIAL));
    }

    @Property(tries = 200)
    void what_the_dct_sends_it_sends_again(@ForAll(supplier = AnyMatrix.class) Matrix matrix, @ForAll long seed) {
        DctTopK codec = matrix.codec.withSigns(false);
        float[] numbers = gaussian(matrix.length(), seed);
        float[] once = CodecSamples.roundTrip(codec, numbers);
        float[] rest = new float[numbers.length];
        for (int i = 0; i < rest.length; i++) {
            rest[i] = numbers[i] - once[i];
        }
        // An orthonormal basis: what was kept and what was not add up in energy.
        assertThat(energy(once) + energy(rest)).isBetween(energy(numbers) * (1 - 1e-4), energy(numbers) * (1 + 1e-4));
        float[] twice = CodecSamples.roundTrip(codec, once);
        for (int i = 0; i < once.length; i++) {
            assertThat(Math.abs(twice[i] - once[i])).isLessThan(1e-4f);
        }
    }

    @Property(tries = 200)
    void a_number_that_is_not_finite_is_refused_and_named(
            @ForAll(supplier = AnyMatrix.class) Matrix matrix,
            @ForAll(supplier = AnyFlat.class) Codec flat,
            @ForAll @IntRange(min = 0) int where) {
        float[] numbers = new float[matrix.length()];
        int index = where % numbers.length;
        numbers[index] = where % 3 == 0 ? Float.NaN : Float.POSITIVE_INFINITY * (where % 3 - 1.5f);
        for (Codec codec : List.of(matrix.codec, flat)) {
            try (Arena arena = Arena.ofConfined()) {
                Floats source = Floats.of(arena, numbers);
                ByteBuffer target = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
                assertThatThrownBy(() -> codec.encode(source, target))
                        .isInstanceOf(CodecException.class)
                        .hasMessageContaining(codec.name())
                        .hasMessageEndingWith("at index " + index);
                assertThat(target.position()).isZero();
            }
        }
    }

    @Property
    void any_bytes_decode_to_finite_numbers_or_are_refused(
            @ForAll(supplier = AnyMatrix.class) Matrix matrix,
            @ForAll(supplier = AnyFlat.class) Codec flat,
            @ForAll long seed,
            @ForAll boolean fromReal) {
        for (Codec codec : List.of(matrix.codec, flat)) {
            int length = matrix.length();
            byte[] bytes = encode(codec, gaussian(length, seed), Workers.SERIAL);
            Random random = new Random(seed);
            if (fromReal) {
                bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            } else {
                random.nextBytes(bytes);
            }
            try (Arena arena = Arena.ofConfined()) {
                Floats target = Floats.allocate(arena, length);
                ByteBuffer source = ByteBuffer.wrap(bytes);
                try {
                    codec.decode(source, target);
                } catch (CodecException refused) {
                    assertThat(source.position()).isZero();
                    continue;
                }
                for (float number : target.toArray()) {
                    assertThat(number).isFinite();
                }
            }
        }
    }

    @Property(tries = 200)
    void an_encoded_tensor_describes_itself(
            @ForAll(supplier = AnyMatrix.class) Matrix matrix,
            @ForAll(supplier = AnyFlat.class) Codec flat,
            @ForAll long seed) {
        for (Codec codec : List.of(matrix.codec, flat)) {
            int[] shape = {matrix.rows, matrix.codec.columns()};
            float[] numbers = gaussian(matrix.length(), seed);
            try (Arena arena = Arena.ofConfined()) {
                byte[] bytes = EncodedTensor.encode(codec, shape, Floats.of(arena, numbers));
                assertThat((long) bytes.length).isEqualTo(EncodedTensor.size(codec, shape));
                assertThat(EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(numbers.length))
                                .codec())
                        .isEqualTo(codec);
                Floats target = Floats.allocate(arena, numbers.length);
                EncodedTensor.decode(ByteBuffer.wrap(bytes), codec, shape, target);
                assertThat(target.toArray()).isEqualTo(CodecSamples.roundTrip(codec, numbers));
            }
        }
    }

    @Example
    void a_header_whose_chunks_do_not_fit_its_shape_is_refused() {
        DctTopK codec = new DctTopK(6, 4, 3, 2, false);
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = EncodedTensor.encode(codec, new int[] {8, 6}, Floats.allocate(arena, 48));
            bytes[10] = 9; // nine rows are no whole rows of chunks
            assertThatThrownBy(() -> EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(1000)))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("dct: expected whole rows of chunks of 24 numbers, got 54");
        }
    }

    @Example
    void the_sign_form_sends_the_same_slots_in_a_sixth_of_the_bytes() {
        float[] numbers = gaussian(64 * 64, 5);
        DctTopK full = DctTopK.of(List.of(64, 64), 64, 32, false);
        DctTopK signs = full.withSigns(true);
        byte[] values = encode(full, numbers, Workers.SERIAL);
        byte[] bits = encode(signs, numbers, Workers.SERIAL);
        assertThat(values).hasSize(48 + 128);
        assertThat(bits).hasSize(48 + 4);
        assertThat(Arrays.copyOf(bits, 48)).isEqualTo(Arrays.copyOf(values, 48));
        for (int i = 0; i < 32; i++) {
            assertThat(bits[48 + i / 8] >> i % 8 & 1).isEqualTo(values[48 + 4 * i + 3] >> 7 & 1);
        }
    }

    @Example
    void an_all_zero_chunk_sends_its_lowest_slots() {
        byte[] bytes = encode(Codecs.topK(8, 3), new float[11], Workers.SERIAL);
        // 0, 1, 2 in three bits each, three zeros; the same in two bits
        assertThat(bytes).isEqualTo(new byte[] {
            (byte) 0b10_001_000,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0, //
            0b10_01_00,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0,
            0
        });
    }

    /** What fills up: slots and signs of chunks, and of an odd count of 12-bit indices the second of the last pair. */
    @Property(tries = 300)
    void bits_that_only_fill_up_are_zero(@ForAll @IntRange(min = 1, max = 31) int k, @ForAll int which) {
        DctTopK dct = new DctTopK(64, 1, 64, k, true);
        int indexBits = 6 * k % 8;
        if (indexBits != 0) {
            assertPaddingRefused(dct, 64, (6 * k + 7) / 8 - 1, indexBits, which);
            assertPaddingRefused(dct.withSigns(false), 64, (6 * k + 7) / 8 - 1, indexBits, which);
            assertPaddingRefused(Codecs.topK(64, k), 64, (6 * k + 7) / 8 - 1, indexBits, which);
        }
        if (k % 8 != 0) {
            assertPaddingRefused(dct, 64, (6 * k + 7) / 8 + (k + 7) / 8 - 1, k % 8, which);
        }
        Codec sparse = Codecs.sparse2Bit(64, k);
        int indices = 20 + (k + 1) / 2 * 3;
        if (k % 2 != 0) {
            assertPaddingRefused(sparse, 64, indices - 2, 4, which);
            assertPaddingRefused(sparse, 64, indices - 1, 0, which);
        }
        if (2 * k % 8 != 0) {
            assertPaddingRefused(sparse, 64, indices + (2 * k + 7) / 8 - 1, 2 * k % 8, which);
        }
    }

    /** Sets one bit of a byte whose bits from {@code free} on only fill up. */
    private static void assertPaddingRefused(Codec codec, int length, int at, int free, int which) {
        byte[] bytes = encode(codec, gaussian(length, which), Workers.SERIAL);
        decode(codec, bytes, length, Workers.SERIAL);
        bytes[at] |= (byte) (1 << free + Math.floorMod(which, 8 - free));
        assertThatThrownBy(() -> decode(codec, bytes, length, Workers.SERIAL))
                .isInstanceOf(CodecException.class)
                .hasMessageContaining(codec.name() + ": expected zeros behind the last packed number");
    }

    @Example
    void the_dct_works_with_the_same_scratch_call_after_call() {
        DctTopK codec = new DctTopK(64, 32, 64, 31, false); // no other test has chunks of this kind
        DctTopK signs = codec.withSigns(true);
        try (Arena arena = Arena.ofConfined()) {
            Floats numbers = Floats.of(arena, gaussian(4096, 1));
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(4096));
            codec.encode(numbers, bytes);
            DctScratch first = DctScratch.take(32, 64, 31);
            first.giveBack();
            ByteBuffer fewer = ByteBuffer.allocate((int) signs.encodedSize(4096));
            for (Runnable call : List.<Runnable>of(
                    () -> codec.encode(numbers, bytes.clear()),
                    () -> codec.decode(bytes.clear(), numbers),
                    () -> codec.decodeMean(List.of(bytes.clear(), bytes.duplicate()), numbers, Workers.SERIAL),
                    () -> signs.signsOf(bytes.clear(), 4096, fewer.clear()))) {
                call.run();
                // What had been made anew would lie on top, and what had not been handed back would be made anew here.
                DctScratch again = DctScratch.take(32, 64, 31);
                assertThat(again).isSameAs(first);
                again.giveBack();
            }
        }
    }

    @Example
    void what_lies_idle_is_bounded() {
        for (int k = 1; k <= 2 * DctScratch.MOST_IDLE; k++) {
            DctScratch.take(8, 8, k).giveBack();
            assertThat(DctScratch.idle()).isLessThanOrEqualTo(DctScratch.MOST_IDLE);
        }
    }

    @Example
    void parameters_outside_their_ranges_are_refused() {
        assertThatThrownBy(() -> Codecs.topK(0)).hasMessageContaining("a share of 1 to 1000000");
        assertThatThrownBy(() -> Codecs.byWire(TopK.WIRE_ID, new int[] {64, 3, 1}))
                .isInstanceOf(CodecException.class)
                .hasMessage("topk: expected a count or a share, got 3 and 1");
        assertThatThrownBy(() -> Codecs.topK(65_537, 1)).hasMessageContaining("chunks of 1 to 65536");
        assertThatThrownBy(() -> Codecs.sparse2Bit(4097, 1)).hasMessageContaining("a chunk of 1 to 4096");
        assertThatThrownBy(() -> new DctTopK(10, 4, 4, 1, false)).hasMessageContaining("cut rows of 10 evenly");
        assertThatThrownBy(() -> new DctTopK(8, 4, 4, 17, false)).hasMessageContaining("1 to 16 coefficients");
    }

    private static byte[] encode(Codec codec, float[] numbers, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
            codec.encode(Floats.of(arena, numbers), bytes, workers);
            return bytes.array();
        }
    }

    private static float[] decode(Codec codec, byte[] bytes, int length, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            Floats target = Floats.allocate(arena, length);
            codec.decode(ByteBuffer.wrap(bytes), target, workers);
            return target.toArray();
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

    private static double energy(float[] numbers) {
        double energy = 0;
        for (float number : numbers) {
            energy += (double) number * number;
        }
        return energy;
    }
}
