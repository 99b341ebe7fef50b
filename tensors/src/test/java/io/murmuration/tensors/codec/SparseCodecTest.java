package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.codec.CodecSamples.FiniteNumbers;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;
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

    static byte[] encode(Codec codec, float[] numbers, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
            codec.encode(Floats.of(arena, numbers), bytes, workers);
            return bytes.array();
        }
    }

    static float[] decode(Codec codec, byte[] bytes, int length, Workers workers) {
        try (Arena arena = Arena.ofShared()) {
            Floats target = Floats.allocate(arena, length);
            codec.decode(ByteBuffer.wrap(bytes), target, workers);
            return target.toArray();
        }
    }

    static float[] gaussian(int length, long seed) {
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
