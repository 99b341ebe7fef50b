package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** The vector kernels against their scalar twins. */
class KernelTest {

    @Provide
    Arbitrary<String> withTwin() {
        return Arbitraries.of(
                "fp16",
                "bf16",
                "int8",
                "int8:17",
                "int8:64",
                "minmax8",
                "minmax8:33",
                "int4",
                "int4:6",
                "int4:64",
                "sign1",
                "sign1:64",
                "sign1:4096",
                "meanstd16",
                "meanstd16:1",
                "meanstd16:33",
                "meanstd16:2500",
                "uniform8",
                "uniform8:12",
                "uniform8:6:0");
    }

    @Property
    void vectors_give_the_bits_of_the_scalar_twin(
            @ForAll("withTwin") String name, @ForAll @IntRange(min = 1, max = 5000) int length, @ForAll long seed) {
        Codec codec = Codecs.byName(name);
        float[] numbers = ordinary(seed, length);
        byte[] expected = ScalarTwins.encode(codec, numbers);
        assertThat(CodecSamples.encode(codec, numbers)).isEqualTo(expected);
    }

    /** Of many sizes, with ties and zeros of both signs, but nothing that makes a scale subnormal or infinite. */
    private static float[] ordinary(long seed, int length) {
        Random random = new Random(seed);
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = switch (random.nextInt(5)) {
                case 0 -> (float) random.nextGaussian();
                case 1 -> random.nextInt(-254, 255) / 2f;
                case 2 -> Math.scalb((float) random.nextGaussian(), random.nextInt(-60, 60));
                case 3 -> Float.float16ToFloat((short) (random.nextInt(1 << 16) & 0xfbff)) * 1.00048828125f;
                default -> random.nextBoolean() ? 0f : -0f;
            };
        }
        numbers[0] = 3; // no block that begins here is all zero
        return numbers;
    }

    @Example
    void every_half_and_all_that_lies_between_two_of_them_is_rounded_as_by_the_processor() {
        float[] numbers = new float[6 * 0x7c00];
        for (int half = 0; half < 0x7c00; half++) {
            float here = Float.float16ToFloat((short) half);
            float next = half + 1 < 0x7c00 ? Float.float16ToFloat((short) (half + 1)) : 65536;
            float middle = (here + next) / 2;
            float[] around = {here, -here, middle, Math.nextDown(middle), Math.nextUp(middle), -middle};
            System.arraycopy(around, 0, numbers, 6 * half, 6);
        }
        Codec codec = Codecs.byName("fp16");
        assertThat(CodecSamples.encode(codec, numbers)).isEqualTo(ScalarTwins.encode(codec, numbers));
    }

    @Example
    void every_finite_half_is_decoded_as_by_the_processor() {
        ByteBuffer bytes = ByteBuffer.allocate(4 * 0x7c00).order(ByteOrder.LITTLE_ENDIAN);
        float[] expected = new float[2 * 0x7c00];
        for (int i = 0; i < expected.length; i++) {
            short half = (short) (i < 0x7c00 ? i : i - 0x7c00 | 0x8000);
            bytes.putShort(half);
            expected[i] = Float.float16ToFloat(half);
        }
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, expected.length);
            Codecs.byName("fp16").decode(bytes.flip(), target);
            assertThat(target.toArray()).isEqualTo(expected);
        }
    }

    @Example
    void an_infinite_half_is_refused_wherever_it_stands() {
        for (int at : new int[] {0, 15, 16, 2050, 4098}) {
            ByteBuffer bytes = ByteBuffer.allocate(2 * 4099).order(ByteOrder.LITTLE_ENDIAN);
            bytes.putShort(2 * at, (short) 0xfc00);
            try (Arena arena = Arena.ofConfined()) {
                Floats target = Floats.allocate(arena, 4099);
                for (String codec : new String[] {"fp16", "bf16"}) {
                    bytes.putShort(2 * at, (short) (codec.equals("fp16") ? 0xfc00 : 0xff80));
                    assertThatThrownBy(() -> Codecs.byName(codec).decode(bytes.duplicate(), target))
                            .isInstanceOf(CodecException.class)
                            .hasMessage(codec + ": expected finite numbers, got -Infinity at index " + at);
                }
            }
        }
    }

    @Example
    void the_documentation_lists_the_numbers_of_the_dynamic_codes() throws IOException {
        List<Integer> listed = Files.readAllLines(Path.of("..", "docs", "wire-format.md")).stream()
                .filter(line -> line.matches("([0-9A-F]{8} ){7}[0-9A-F]{8}"))
                .flatMap(line -> Arrays.stream(line.split(" ")))
                .map(hex -> Integer.parseUnsignedInt(hex, 16))
                .toList();
        assertThat(listed).hasSize(128);
        assertThat(DynamicCode.number(127)).isEqualTo(0f);
        for (int i = 0; i < 128; i++) {
            float number = Float.intBitsToFloat(listed.get(i));
            assertThat(DynamicCode.number(128 + i)).isEqualTo(number);
            if (i < 127) {
                assertThat(DynamicCode.number(126 - i)).isEqualTo(-number);
            }
        }
    }

    @Property(tries = 200)
    void dynamic_codes_count_the_midpoints_below(@ForAll float number) {
        float x = Float.isFinite(number) ? (float) Math.sin(number) : 1;
        float[] table = new float[256];
        for (int i = 0; i < 256; i++) {
            table[i] = DynamicCode.number(i);
        }
        int below = 0;
        for (int i = 0; i < 255; i++) {
            below += (table[i] + table[i + 1]) / 2 < x ? 1 : 0;
        }
        assertThat(DynamicCode.code(x)).isEqualTo(below);
    }
}
