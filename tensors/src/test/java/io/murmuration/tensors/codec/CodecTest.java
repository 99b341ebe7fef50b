package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.codec.CodecSamples.AnyCodec;
import io.murmuration.tensors.codec.CodecSamples.FiniteNumbers;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CodecTest {

    @Property
    void what_is_decoded_lies_within_the_codecs_bound(
            @ForAll(supplier = AnyCodec.class) Codec codec, @ForAll(supplier = FiniteNumbers.class) float[] numbers) {
        float[] decoded = CodecSamples.roundTrip(codec, numbers);
        for (int i = 0; i < numbers.length; i++) {
            double error = Math.abs((double) decoded[i] - numbers[i]);
            assertThat(error)
                    .as("%s: %s became %s", codec.name(), numbers[i], decoded[i])
                    .isLessThanOrEqualTo(CodecBounds.bound(codec, numbers, i));
        }
    }

    @Property
    void as_many_bytes_are_written_as_the_codec_says_and_positions_move_over_them(
            @ForAll(supplier = AnyCodec.class) Codec codec,
            @ForAll(supplier = FiniteNumbers.class) float[] numbers,
            @ForAll boolean direct) {
        int size = Math.toIntExact(codec.encodedSize(numbers.length));
        ByteBuffer buffer = direct ? ByteBuffer.allocateDirect(size + 7) : ByteBuffer.allocate(size + 7);
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, numbers);
            Floats target = Floats.allocate(arena, numbers.length);
            buffer.position(3);
            codec.encode(source, buffer);
            assertThat(buffer.position()).isEqualTo(3 + size);
            assertThat(buffer.slice(3 + size, 4)).isEqualTo(ByteBuffer.allocate(4));
            assertThat(buffer.slice(3, size)).isEqualTo(ByteBuffer.wrap(CodecSamples.encode(codec, numbers)));
            buffer.position(3);
            codec.decode(buffer, target);
            assertThat(buffer.position()).isEqualTo(3 + size);
            assertThat(target.toArray()).isEqualTo(CodecSamples.roundTrip(codec, numbers));
        }
    }

    @Property(tries = 200)
    void a_number_that_is_not_finite_is_refused_and_named(
            @ForAll(supplier = AnyCodec.class) Codec codec, @ForAll @IntRange(min = 0, max = 9000) int index) {
        float[] numbers = new float[9001];
        numbers[index] = index % 3 == 0 ? Float.NaN : Float.POSITIVE_INFINITY * (index % 3 - 1.5f);
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

    @Property
    void any_bytes_decode_to_finite_numbers_or_are_refused(
            @ForAll(supplier = AnyCodec.class) Codec codec,
            @ForAll @IntRange(min = 1, max = 9000) int length, // more than a block
            @ForAll long seed,
            @ForAll boolean fromReal) {
        byte[] bytes = new byte[(int) codec.encodedSize(length)];
        Random random = new Random(seed);
        if (fromReal) {
            bytes = CodecSamples.encode(codec, normal(seed, length));
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
                return;
            }
            for (float number : target.toArray()) {
                assertThat(number).isFinite();
            }
        }
    }

    @Example
    void int8_stays_finite_at_the_end_of_the_range() {
        float[] extremes = {Float.MAX_VALUE, -Float.MAX_VALUE, Math.nextDown(Float.MAX_VALUE)};
        for (float number : CodecSamples.roundTrip(Codecs.byName("int8"), extremes)) {
            assertThat(number).isFinite();
        }
    }

    @Example
    void a_byte_of_minus_128_is_no_int8_code() {
        ByteBuffer bytes = ByteBuffer.wrap(new byte[] {0, 0, 0, 0, -128});
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, 1);
            assertThatThrownBy(() -> Codecs.byName("int8").decode(bytes, target))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContaining("-128");
        }
    }

    @Example
    void bytes_cut_short_are_refused() {
        for (String name : CodecSamples.SPECIFICATIONS) {
            Codec codec = Codecs.byName(name);
            byte[] bytes = CodecSamples.encode(codec, normal(3, 5000));
            assertRefused(codec, Arrays.copyOf(bytes, bytes.length - 1), 5000, "bytes for 5000 numbers");
        }
    }

    /** A scale of 0 and other codes than those of zeros; a scale of -0. */
    @Property(tries = 300)
    void a_block_of_zeros_has_one_form(
            @ForAll @IntRange(min = 1, max = 300) int length, @ForAll @IntRange(min = 0) int where) {
        for (String name : List.of("int8:64", "dynamic8:64", "minmax8:64", "int4:64")) {
            Codec codec = Codecs.byName(name);
            byte[] zeros = CodecSamples.encode(codec, new float[length]);
            int blocks = (length + 63) / 64;
            boolean inFront = name.startsWith("int8") || name.startsWith("dynamic8");
            int head = name.startsWith("minmax8") ? 8 : 4;
            boolean half = name.startsWith("int4");
            int number = where % length;
            int codeAt = inFront
                    ? 4 * blocks + number
                    : number / 64 * (head + (half ? 32 : 64)) + head + number % 64 / (half ? 2 : 1);
            byte[] other = zeros.clone();
            other[codeAt] ^= (byte) (half && number % 2 == 1 ? 0x10 : 1);
            assertRefused(codec, other, length, "behind a scale of 0, got others in block " + number / 64);
            byte[] negative = zeros.clone();
            negative[head - 1] = (byte) 0x80;
            assertRefused(codec, negative, length, "of at least 0, got -0.0 for block 0");
        }
    }

    @Example
    void no_numbers_are_encoded_too() {
        for (String name : CodecSamples.SPECIFICATIONS) {
            assertThat(CodecSamples.roundTrip(Codecs.byName(name), new float[0]))
                    .as(name)
                    .isEmpty();
        }
    }

    @Example
    void uniform_buckets_span_what_their_parameters_say() {
        assertThat(Codecs.byName("uniform8")).isEqualTo(Codecs.byName("uniform8:6:1"));
        float[] numbers = {9, 11, 9, 11, 9, 11, 9, 11, 10}; // mean 10, deviation 1
        // code 128 stands at the mean, or at 0; a deviation is 256 / range codes wide
        assertThat(CodecSamples.encode(Codecs.byName("uniform8"), numbers)[1024])
                .isEqualTo((byte) (128 - 43));
        assertThat(CodecSamples.encode(Codecs.byName("uniform8:12"), numbers)[1024])
                .isEqualTo((byte) (128 - 21));
        // the deviation from 0 is sqrt(908 / 8), 10.65
        byte[] aroundZero = CodecSamples.encode(Codecs.byName("uniform8:6:0"), numbers);
        assertThat(aroundZero[1024]).isEqualTo((byte) (128 + 36));
        assertThat(aroundZero[1025]).isEqualTo((byte) (128 + 44));
        for (String wrong : List.of("uniform8:2", "uniform8:33", "uniform8:6:2", "uniform8:6:1:1")) {
            assertThatThrownBy(() -> Codecs.byName(wrong))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("uniform8: expected");
        }
    }

    private static void assertRefused(Codec codec, byte[] bytes, int length, String message) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, length);
            assertThatThrownBy(() -> codec.decode(ByteBuffer.wrap(bytes), target))
                    .as(codec.name())
                    .isInstanceOf(CodecException.class)
                    .hasMessageContaining(message);
        }
    }

    @Example
    void too_little_room_is_said_before_anything_is_written() {
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, 1, 2, 3);
            assertThatThrownBy(() -> Codecs.byName("fp16").encode(source, ByteBuffer.allocate(5)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("fp16: 3 numbers need 6 bytes, the buffer has room for 5");
        }
    }

    @Example
    void an_unknown_name_gets_the_list_of_known_ones() {
        assertThatThrownBy(() -> Codecs.byName("int5"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("expected a codec, one of fp32, fp16, bf16, ")
                .hasMessageEndingWith("; got int5");
    }

    @Example
    void a_name_may_carry_a_size_within_its_range() {
        assertThat(Codecs.byName("int4:64")).isEqualTo(Codecs.int4(64));
        assertThat(Codecs.byName("int8")).isEqualTo(Codecs.int8(4096));
        for (String wrong :
                List.of("int4:", "int4:0", "int4:3", "int4:64:2", "int4:-2", "int4:99999999999", "fp16:2")) {
            assertThatThrownBy(() -> Codecs.byName(wrong))
                    .as(wrong)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith(wrong.substring(0, 4))
                    .hasMessageContaining("expected");
        }
    }

    @Property(tries = 100)
    void an_all_zero_tensor_stays_zero(
            @ForAll(supplier = AnyCodec.class) Codec codec, @ForAll @IntRange(min = 1, max = 9000) int length) {
        Assume.that(!codec.equals(Codecs.byName("sign1"))); // which has no zero
        assertThat(CodecSamples.roundTrip(codec, new float[length])).containsOnly(0f);
    }

    @Property(tries = 5)
    void normal_numbers_stay_within_the_published_error(@ForAll long seed) {
        float[] numbers = normal(seed, 1 << 20);
        for (String codec : List.of("int8", "dynamic8", "minmax8", "uniform8", "uniform8:6:0", "quantile8")) {
            assertThat(meanSquaredError(numbers, CodecSamples.roundTrip(Codecs.byName(codec), numbers)))
                    .as(codec)
                    .isLessThan(8e-4);
        }
        for (String codec : List.of("fp16", "meanstd16", "meanstd16:100")) {
            assertThat(meanSquaredError(numbers, CodecSamples.roundTrip(Codecs.byName(codec), numbers)))
                    .as(codec)
                    .isLessThan(5e-8);
        }
    }

    @Property(tries = 60)
    void the_bits_do_not_depend_on_who_works(
            @ForAll(supplier = AnyCodec.class) Codec codec,
            @ForAll @IntRange(min = 60_000, max = 400_000) int length,
            @ForAll long seed) {
        float[] numbers = normal(seed, length);
        try (Arena arena = Arena.ofShared()) {
            Floats source = Floats.of(arena, numbers);
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(length));
            codec.encode(source, bytes, new ThreadWorkers());
            assertThat(bytes.array()).isEqualTo(CodecSamples.encode(codec, numbers));
            Floats decoded = Floats.allocate(arena, length);
            codec.decode(bytes.flip(), decoded, new ThreadWorkers());
            assertThat(decoded.toArray()).isEqualTo(CodecSamples.roundTrip(codec, numbers));
        }
    }

    @Property(tries = 60)
    void the_first_number_that_is_not_finite_is_named_whoever_works(@ForAll(supplier = AnyCodec.class) Codec codec) {
        try (Arena arena = Arena.ofShared()) {
            Floats source = Floats.allocate(arena, 300_000);
            source.set(299_000, Float.NaN);
            source.set(123_456, Float.NEGATIVE_INFINITY);
            ByteBuffer target = ByteBuffer.allocate((int) codec.encodedSize(source.length()));
            assertThatThrownBy(() -> codec.encode(source, target, new ThreadWorkers()))
                    .isInstanceOf(CodecException.class)
                    .hasMessageEndingWith("got -Infinity at index 123456");
        }
    }

    @Property
    void a_sign_stays_what_it_was(@ForAll(supplier = FiniteNumbers.class) float[] numbers, @ForAll boolean scaled) {
        float[] decoded = CodecSamples.roundTrip(Codecs.byName(scaled ? "sign1:64" : "sign1"), numbers);
        for (int i = 0; i < numbers.length; i++) {
            assertThat(Math.copySign(1, decoded[i])).isEqualTo(Math.copySign(1, numbers[i]));
        }
    }

    private static float[] normal(long seed, int length) {
        Random random = new Random(seed);
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static double meanSquaredError(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return sum / a.length;
    }
}
