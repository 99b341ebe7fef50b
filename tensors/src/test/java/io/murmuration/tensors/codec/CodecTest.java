package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

class CodecTest {

    private static final double HALF_EPSILON = Math.scalb(1, -11);

    @Provide
    Arbitrary<Codec> codecs() {
        return Arbitraries.of(Codecs.names())
                .map(Codecs::byName)
                .flatMap(codec -> codec.name().equals("int8")
                        ? Arbitraries.of(1, 3, 64, 4096).map(Codecs::int8)
                        : Arbitraries.just(codec));
    }

    /** Every finite number: of ordinary size, or any bit pattern. */
    @Provide
    Arbitrary<float[]> finite() {
        Arbitrary<Float> ordinary = Arbitraries.floats().between(-100, 100);
        Arbitrary<Float> anyBits =
                Arbitraries.integers().map(Float::intBitsToFloat).filter(Float::isFinite);
        Arbitrary<Float> edges = Arbitraries.of(
                0f, -0f, Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, 65504f, 65520f, 63 * Float.MIN_VALUE);
        return Arbitraries.oneOf(ordinary, anyBits, edges)
                .array(float[].class)
                .ofMinSize(1)
                .ofMaxSize(200);
    }

    @Property
    void what_is_decoded_lies_within_the_codecs_bound(
            @ForAll("codecs") Codec codec, @ForAll("finite") float[] numbers) {
        float[] decoded = roundTrip(codec, numbers);
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
        };
    }

    @Property
    void as_many_bytes_are_written_as_the_codec_says_and_positions_move_over_them(
            @ForAll("codecs") Codec codec, @ForAll("finite") float[] numbers, @ForAll boolean direct) {
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
            assertThat(target.toArray()).isEqualTo(roundTrip(codec, numbers));
        }
    }

    @Property(tries = 200)
    void a_number_that_is_not_finite_is_refused_and_named(
            @ForAll("codecs") Codec codec, @ForAll @IntRange(min = 0, max = 9000) int index) {
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
            @ForAll("codecs") Codec codec, @ForAll byte[] bytes, @ForAll @IntRange(min = 0, max = 64) int length) {
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
        for (float number : roundTrip(Codecs.byName("int8"), extremes)) {
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
            @ForAll("codecs") Codec codec, @ForAll @IntRange(min = 1, max = 9000) int length) {
        assertThat(roundTrip(codec, new float[length])).containsOnly(0f);
    }

    @Property(tries = 50)
    void eight_bits_keep_normal_numbers_within_the_published_error(@ForAll long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[20_000];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        assertThat(meanSquaredError(numbers, roundTrip(Codecs.byName("int8"), numbers)))
                .isLessThan(8e-4);
        assertThat(meanSquaredError(numbers, roundTrip(Codecs.byName("fp16"), numbers)))
                .isLessThan(5e-8);
    }

    private static double meanSquaredError(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
        }
        return sum / a.length;
    }

    private static float[] roundTrip(Codec codec, float[] numbers) {
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, numbers);
            Floats target = Floats.allocate(arena, numbers.length);
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
            codec.encode(source, bytes);
            codec.decode(bytes.flip(), target);
            return target.toArray();
        }
    }

    /** Header, payload and checksum of a tensor under every codec. */
    @Provide
    Arbitrary<byte[]> tensors() {
        return Combinators.combine(codecs(), finite()).as((codec, numbers) -> {
            try (Arena arena = Arena.ofConfined()) {
                return EncodedTensor.encode(codec, new int[] {1, numbers.length}, Floats.of(arena, numbers));
            }
        });
    }

    @Property
    void an_encoded_tensor_has_the_size_that_was_said(
            @ForAll("codecs") Codec codec, @ForAll("finite") float[] numbers) {
        int[] shape = {numbers.length, 1, 1};
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, numbers);
            Floats target = Floats.allocate(arena, numbers.length);
            byte[] bytes = EncodedTensor.encode(codec, shape, source);
            assertThat((long) bytes.length).isEqualTo(EncodedTensor.size(codec, shape));
            EncodedTensor.Header header =
                    EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(numbers.length));
            assertThat(header.codec()).isEqualTo(codec);
            assertThat(header.shape()).isEqualTo(shape);
            assertThat(header.totalBytes()).isEqualTo(bytes.length);
            EncodedTensor.decode(ByteBuffer.wrap(bytes), shape, target);
            assertThat(target.toArray()).isEqualTo(roundTrip(codec, numbers));
        }
    }

    @Property
    void a_tensor_with_any_byte_changed_is_refused(
            @ForAll("tensors") byte[] bytes,
            @ForAll @IntRange(min = 0) int at,
            @ForAll @IntRange(min = 1, max = 255) int by) {
        int[] shape = EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(200))
                .shape();
        byte[] changed = bytes.clone();
        changed[at % bytes.length] ^= (byte) by;
        refused(changed, shape);
    }

    @Property
    void a_tensor_cut_short_or_made_longer_is_refused(
            @ForAll("tensors") byte[] bytes, @ForAll @IntRange(min = 0) int length) {
        int[] shape = EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(200))
                .shape();
        refused(Arrays.copyOf(bytes, length % bytes.length), shape);
        refused(Arrays.copyOf(bytes, bytes.length + 1 + length % 9), shape);
    }

    @Property
    void random_bytes_never_do_anything_but_be_refused(@ForAll byte[] bytes, @ForAll boolean behindAMagic) {
        byte[] sent = bytes.clone();
        byte[] start = {'M', 'T', 'E', 'N', 1};
        System.arraycopy(start, 0, sent, 0, behindAMagic ? Math.min(start.length, sent.length) : 0);
        refused(sent, new int[] {4});
    }

    private static void refused(byte[] bytes, int[] shape) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, Arrays.stream(shape).reduce(1, (a, b) -> a * b));
            ByteBuffer source = ByteBuffer.wrap(bytes);
            assertThatThrownBy(() -> EncodedTensor.decode(source, shape, target))
                    .isInstanceOf(CodecException.class);
            assertThat(source.position()).isZero();
        }
    }

    @Example
    void a_header_that_claims_more_than_the_limit_is_refused_by_its_shape_alone() {
        byte[] bytes;
        try (Arena arena = Arena.ofConfined()) {
            bytes = EncodedTensor.encode(Codecs.byName("fp32"), new int[] {2, 3}, Floats.allocate(arena, 6));
        }
        for (int axis = 0; axis < 2; axis++) {
            Arrays.fill(bytes, 10 + 4 * axis, 13 + 4 * axis, (byte) 0xff);
            bytes[13 + 4 * axis] = 0x7f;
        }
        assertThatThrownBy(() -> EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(1000)))
                .isInstanceOf(CodecException.class)
                .hasMessageContaining("at most 1000 numbers, got shape [2147483647, 2147483647]");
    }

    @Example
    void a_tensor_of_another_shape_is_refused_with_both_shapes() {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = EncodedTensor.encode(Codecs.byName("fp32"), new int[] {2, 3}, Floats.allocate(arena, 6));
            Floats target = Floats.allocate(arena, 6);
            assertThatThrownBy(() -> EncodedTensor.decode(ByteBuffer.wrap(bytes), new int[] {3, 2}, target))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected shape [3, 2], got [2, 3]");
        }
    }

    @Example
    void the_wire_is_as_the_documentation_shows_it() {
        try (Arena arena = Arena.ofConfined()) {
            byte[] bytes = EncodedTensor.encode(Codecs.int8(2), new int[] {3}, Floats.of(arena, 127, -63.5f, 1));
            assertThat(Arrays.copyOf(bytes, bytes.length - 4)).isEqualTo(new byte[] {
                'M',
                'T',
                'E',
                'N',
                1,
                3,
                1,
                1,
                1,
                0, // magic, version, codec, dtype, rank, one parameter
                3,
                0,
                0,
                0, // shape
                2,
                0,
                0,
                0, // block
                11,
                0,
                0,
                0,
                0,
                0,
                0,
                0, // payload: two scales, three codes
                0,
                0,
                (byte) 0xfe,
                0x42,
                0,
                0,
                (byte) 0x80,
                0x3f, // 127 and 1
                127,
                -64,
                127 // half to even
            });
        }
    }
}
