package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.codec.CodecSamples.AnyCodec;
import io.murmuration.tensors.codec.CodecSamples.FiniteNumbers;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CodecTest {

    private static final double HALF_EPSILON = Math.scalb(1, -11);

    @Property
    void what_is_decoded_lies_within_the_codecs_bound(
            @ForAll(supplier = AnyCodec.class) Codec codec, @ForAll(supplier = FiniteNumbers.class) float[] numbers) {
        float[] decoded = CodecSamples.roundTrip(codec, numbers);
        for (int i = 0; i < numbers.length; i++) {
            double error = Math.abs((double) decoded[i] - numbers[i]);
            assertThat(error)
                    .as("%s: %s became %s", codec.name(), numbers[i], decoded[i])
                    .isLessThanOrEqualTo(bound(codec, numbers, i));
        }
    }

    /** Half a step of the code, plus what rounding the scale itself costs. */
    private static double bound(Codec codec, float[] numbers, int index) {
        double x = numbers[index];
        return switch (codec) {
            case Fp32 fp32 -> 0;
            case Fp16 fp16 ->
                Math.max(Math.max(0, Math.abs(x) - 65504), Math.abs(x) * HALF_EPSILON + Math.scalb(1, -25));
            case BlockwiseInt8 int8 -> {
                int from = index - index % int8.block();
                double absMax = 0;
                for (int i = from; i < Math.min(numbers.length, from + int8.block()); i++) {
                    absMax = Math.max(absMax, Math.abs((double) numbers[i]));
                }
                yield absMax / 254 * (1 + Math.scalb(1, -15)) + 64 * (double) Float.MIN_VALUE;
            }
            case TopK sparse -> throw new AssertionError("see SparseCodecTest");
            case Sparse2Bit sparse -> throw new AssertionError("see SparseCodecTest");
            case DctTopK sparse -> throw new AssertionError("see SparseCodecTest");
        };
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
            @ForAll byte[] bytes,
            @ForAll @IntRange(min = 0, max = 64) int length) {
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
        assertThatThrownBy(() -> Codecs.byName("int4"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected a codec, one of fp32, fp16, int8; got int4");
    }

    @Property(tries = 100)
    void an_all_zero_tensor_stays_zero(
            @ForAll(supplier = AnyCodec.class) Codec codec, @ForAll @IntRange(min = 1, max = 9000) int length) {
        assertThat(CodecSamples.roundTrip(codec, new float[length])).containsOnly(0f);
    }

    @Property(tries = 50)
    void eight_bits_keep_normal_numbers_within_the_published_error(@ForAll long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[20_000];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        assertThat(meanSquaredError(numbers, CodecSamples.roundTrip(Codecs.byName("int8"), numbers)))
                .isLessThan(8e-4);
        assertThat(meanSquaredError(numbers, CodecSamples.roundTrip(Codecs.byName("fp16"), numbers)))
                .isLessThan(5e-8);
    }

    private static double meanSquaredError(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return sum / a.length;
    }
}
