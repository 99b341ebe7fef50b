package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.codec.CodecSamples.AnyCodec;
import io.murmuration.tensors.codec.CodecSamples.AnyTensor;
import io.murmuration.tensors.codec.CodecSamples.FiniteNumbers;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class EncodedTensorTest {

    @Property
    void an_encoded_tensor_has_the_size_that_was_said(
            @ForAll(supplier = AnyCodec.class) Codec codec, @ForAll(supplier = FiniteNumbers.class) float[] numbers) {
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
            EncodedTensor.decode(ByteBuffer.wrap(bytes), codec, shape, target);
            assertThat(target.toArray()).isEqualTo(CodecSamples.roundTrip(codec, numbers));
        }
    }

    @Property
    void a_tensor_with_any_byte_changed_is_refused(
            @ForAll(supplier = AnyTensor.class) byte[] bytes,
            @ForAll @IntRange(min = 0) int at,
            @ForAll @IntRange(min = 1, max = 255) int by) {
        EncodedTensor.Header header = EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(200));
        byte[] changed = bytes.clone();
        changed[at % bytes.length] ^= (byte) by;
        refused(changed, header.codec(), header.shape());
    }

    @Property
    void a_tensor_cut_short_or_made_longer_is_refused(
            @ForAll(supplier = AnyTensor.class) byte[] bytes, @ForAll @IntRange(min = 0) int length) {
        EncodedTensor.Header header = EncodedTensor.peek(ByteBuffer.wrap(bytes), new EncodedTensor.Limits(200));
        refused(Arrays.copyOf(bytes, length % bytes.length), header.codec(), header.shape());
        refused(Arrays.copyOf(bytes, bytes.length + 1 + length % 9), header.codec(), header.shape());
    }

    @Property
    void random_bytes_never_do_anything_but_be_refused(@ForAll byte[] bytes, @ForAll boolean behindAMagic) {
        byte[] sent = bytes.clone();
        byte[] start = {'M', 'T', 'E', 'N', 1};
        System.arraycopy(start, 0, sent, 0, behindAMagic ? Math.min(start.length, sent.length) : 0);
        refused(sent, Codecs.byName("fp32"), new int[] {4});
    }

    private static void refused(byte[] bytes, Codec codec, int[] shape) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, Arrays.stream(shape).reduce(1, (a, b) -> a * b));
            ByteBuffer source = ByteBuffer.wrap(bytes);
            assertThatThrownBy(() -> EncodedTensor.decode(source, codec, shape, target))
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
            Codec codec = Codecs.byName("fp32");
            byte[] bytes = EncodedTensor.encode(codec, new int[] {2, 3}, Floats.allocate(arena, 6));
            Floats target = Floats.allocate(arena, 6);
            assertThatThrownBy(() -> EncodedTensor.decode(ByteBuffer.wrap(bytes), codec, new int[] {3, 2}, target))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected shape [3, 2], got [2, 3]");
        }
    }

    @Example
    void a_tensor_in_another_codec_than_the_receivers_is_refused_with_both_names() {
        try (Arena arena = Arena.ofConfined()) {
            int[] shape = {2, 3};
            Floats target = Floats.allocate(arena, 6);
            byte[] sparse = EncodedTensor.encode(Codecs.topK(0, 1), shape, target);
            assertThatThrownBy(
                            () -> EncodedTensor.decode(ByteBuffer.wrap(sparse), Codecs.byName("fp32"), shape, target))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected the codec fp32, got topk:0:1:0");
            byte[] otherBlocks = EncodedTensor.encode(Codecs.int8(64), shape, target);
            assertThatThrownBy(() ->
                            EncodedTensor.decode(ByteBuffer.wrap(otherBlocks), Codecs.byName("int8"), shape, target))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected the codec int8:4096, got int8:64");
        }
    }

    @Example
    void what_no_receiver_takes_is_not_written() {
        try (Arena arena = Arena.ofConfined()) {
            for (int[] shape : new int[][] {{0}, {3, 0}, {-1, -6}, {}, {1, 1, 1, 1, 1, 1, 1, 1, 6}}) {
                long length = Arrays.stream(shape).reduce(1, (a, b) -> a * b);
                Floats numbers = Floats.allocate(arena, length);
                assertThatThrownBy(() -> EncodedTensor.encode(Codecs.byName("fp32"), shape, numbers))
                        .as(Arrays.toString(shape))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessage("expected a shape of 1 to 8 axes of at least 1, got " + Arrays.toString(shape));
            }
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
