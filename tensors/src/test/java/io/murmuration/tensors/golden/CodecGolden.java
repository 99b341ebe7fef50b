package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.CodecException;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Group {@code codecs}: what shared inputs X become under a dense codec, as whole bytes ({@code X.bytes}) or in parts
 * ({@code X.codes}, {@code X.half_bits}, ...), and {@code X.decoded}. Our payload is put together from the parts, and the
 * other way round, where the layouts differ.
 *
 * <p>Where an input is not finite the reference clamps or hands infinity on; ours must refuse it, and is then compared for
 * the largest finite number in its place. Where the reference makes infinity of a finite number (bf16), ours keeps the
 * largest finite one, and refuses the reference's bytes.
 */
final class CodecGolden implements GoldenCheck {

    private static final Pattern SIZE = Pattern.compile("(?:blocks|chunks|rows) of (\\d+)");

    /** Case names begin with what the reference calls the codec. */
    private enum Kind {
        FP32("fp32", "fp32", "", Layout.WHOLE),
        FP16("fp16", "fp16", "", Layout.WHOLE),
        BF16("bf16", "bf16", "", Layout.WHOLE),
        INT8("block8_linear", "int8", "block", Layout.WHOLE),
        DYNAMIC8("block8_dynamic", "dynamic8", "block", Layout.WITH_TABLE),
        MINMAX8("int8_minmax", "minmax8", "chunk", Layout.WHOLE),
        INT4("int4", "int4", "block", Layout.WHOLE),
        SIGN1("sign1", "sign1", "", Layout.WHOLE),
        MEANSTD16("meanstd16", "meanstd16", "", Layout.ROWS),
        UNIFORM8("uniform8", "uniform8", "", Layout.CODEBOOK),
        QUANTILE8("quantile8", "quantile8", "", Layout.CODEBOOK);

        private final String prefix;
        private final String name;
        private final String size;
        private final Layout layout;

        Kind(String prefix, String name, String size, Layout layout) {
            this.prefix = prefix;
            this.name = name;
            this.size = size;
            this.layout = layout;
        }
    }

    private enum Layout {
        WHOLE,
        WITH_TABLE,
        ROWS,
        CODEBOOK
    }

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("codecs") && kind(testCase).isPresent();
    }

    private static Optional<Kind> kind(JsonNode testCase) {
        String name = testCase.path("name").asText();
        for (Kind kind : Kind.values()) {
            if (name.equals(kind.prefix) || name.startsWith(kind.prefix + "_")) {
                return Optional.of(kind);
            }
        }
        return Optional.empty();
    }

    /** The size of blocks stands among the parameters or in the description; else it is the usual one. */
    private static Codec codec(Kind kind, GoldenCase testCase, String input) {
        if (kind == Kind.MEANSTD16) {
            int[] shape = testCase.group().holding(input).shape(input);
            return Codecs.meanStd16(shape[shape.length - 1]);
        }
        if (kind.size.isEmpty()) {
            return Codecs.byName(kind.name);
        }
        JsonNode given = testCase.params().path(kind.size);
        Matcher described = SIZE.matcher(testCase.json().path("description").asText());
        if (given.isInt()) {
            return Codecs.byName(kind.name + ":" + given.intValue());
        }
        return Codecs.byName(described.find() ? kind.name + ":" + described.group(1) : kind.name);
    }

    @Override
    public void run(GoldenCase testCase) {
        Kind kind = kind(testCase.json()).orElseThrow();
        Set<String> inputs = new LinkedHashSet<>();
        for (String tensor : testCase.expected()) {
            inputs.add(tensor.substring(0, tensor.lastIndexOf('.')));
        }
        for (String input : inputs) {
            Codec codec = codec(kind, testCase, input);
            byte[] ours = encode(testCase, codec, input);
            switch (kind.layout) {
                case WHOLE -> whole(testCase, codec, input, ours);
                case WITH_TABLE -> withTable(testCase, codec, input, ours);
                case ROWS -> rows(testCase, codec, input, ours);
                case CODEBOOK -> codebook(testCase, codec, input, ours);
            }
        }
    }

    private static byte[] encode(GoldenCase testCase, Codec codec, String input) {
        float[] numbers = testCase.group().holding(input).floats(input);
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, numbers);
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(codec.encodedSize(numbers.length)));
            if (clamp(numbers, Float.MAX_VALUE)) {
                assertThatThrownBy(() -> codec.encode(source, bytes)).isInstanceOf(CodecException.class);
                source.copyFrom(numbers);
            }
            codec.encode(source, bytes);
            assertThat(bytes.hasRemaining()).as("room left").isFalse();
            return bytes.array();
        }
    }

    private static void whole(GoldenCase testCase, Codec codec, String input, byte[] ours) {
        byte[] reference = testCase.bytes(input + ".bytes");
        float[] decoded = testCase.floats(input + ".decoded");
        if (codec.name().equals("bf16") && clamp(decoded, 0x1.fep127f)) {
            byte[] infinite = reference.clone();
            assertThatThrownBy(() -> decode(codec, infinite, decoded.length)).isInstanceOf(CodecException.class);
            for (int i = 0; i < decoded.length; i++) {
                if (Math.abs(decoded[i]) == 0x1.fep127f) { // 7f80 or ff80 becomes 7f7f or ff7f
                    reference[2 * i] = 0x7f;
                    reference[2 * i + 1] = (byte) (decoded[i] < 0 ? 0xff : 0x7f);
                }
            }
        }
        testCase.assertBytes(input + ".bytes", reference, ours);
        testCase.assertClose(input + ".decoded", decoded, decode(codec, reference, decoded.length));
    }

    /** Reference: number of blocks, 256, the scales, the table, the codes. */
    private static void withTable(GoldenCase testCase, Codec codec, String input, byte[] ours) {
        byte[] reference = testCase.bytes(input + ".bytes");
        int length = testCase.group().holding(input).floats(input).length;
        int scales = ours.length - length;
        float[] table = testCase.group().expecting("code").floats("code");
        ByteBuffer composed = ByteBuffer.allocate(reference.length).order(ByteOrder.LITTLE_ENDIAN);
        composed.putLong(scales / Float.BYTES).putLong(table.length).put(ours, 0, scales);
        for (float number : table) {
            composed.putFloat(number);
        }
        composed.put(ours, scales, length);
        testCase.assertBytes(input + ".bytes", reference, composed.array());
        testCase.assertClose(input + ".decoded", decode(codec, ours, length));
    }

    private static void rows(GoldenCase testCase, Codec codec, String input, byte[] ours) {
        int length = testCase.group().holding(input).floats(input).length;
        ByteBuffer bytes = ByteBuffer.wrap(ours).order(ByteOrder.LITTLE_ENDIAN);
        int[] halves = new int[length];
        for (int i = 0; i < length; i++) {
            halves[i] = Short.toUnsignedInt(bytes.getShort());
        }
        testCase.assertHalves(input + ".half_bits", halves);
        testCase.assertClose(input + ".means", floats(bytes, bytes.remaining() / Float.BYTES / 2));
        testCase.assertClose(input + ".stds", floats(bytes, bytes.remaining() / Float.BYTES));

        // Decoded from the reference's own bits: one unit of the last place of a half, which those of ours may be off
        // by,
        // is more than the tolerance of numbers that lie near zero but not near the mean.
        ByteBuffer reference = ByteBuffer.allocate(ours.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int half : testCase.ids(input + ".half_bits")) {
            reference.putShort((short) half);
        }
        put(reference, testCase.floats(input + ".means"));
        put(reference, testCase.floats(input + ".stds"));
        testCase.assertClose(input + ".decoded", decode(codec, reference.array(), length));
    }

    /** Codebook and codes are left out where they are free, for numbers that do not differ. */
    private static void codebook(GoldenCase testCase, Codec codec, String input, byte[] ours) {
        int length = testCase.group().holding(input).floats(input).length;
        testCase.assertClose(input + ".decoded", decode(codec, ours, length));
        if (!testCase.has(input + ".codes")) {
            return;
        }
        ByteBuffer bytes = ByteBuffer.wrap(ours).order(ByteOrder.LITTLE_ENDIAN);
        testCase.assertClose(input + ".codebook", floats(bytes, (ours.length - length) / Float.BYTES));
        byte[] codes = new byte[bytes.remaining()];
        bytes.get(codes);
        testCase.assertBytes(input + ".codes", codes);

        ByteBuffer reference = ByteBuffer.allocate(ours.length).order(ByteOrder.LITTLE_ENDIAN);
        put(reference, testCase.floats(input + ".codebook"));
        reference.put(testCase.bytes(input + ".codes"));
        testCase.assertClose(input + ".decoded", decode(codec, reference.array(), length));
    }

    private static float[] decode(Codec codec, byte[] bytes, int length) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, length);
            codec.decode(ByteBuffer.wrap(bytes), target);
            return target.toArray();
        }
    }

    private static float[] floats(ByteBuffer bytes, int count) {
        float[] floats = new float[count];
        for (int i = 0; i < count; i++) {
            floats[i] = bytes.getFloat();
        }
        return floats;
    }

    private static void put(ByteBuffer bytes, float[] floats) {
        for (float number : floats) {
            bytes.putFloat(number);
        }
    }

    /** Puts the largest finite number in the place of infinities; whether there were any. */
    private static boolean clamp(float[] numbers, float largest) {
        boolean any = false;
        for (int i = 0; i < numbers.length; i++) {
            if (Float.isInfinite(numbers[i])) {
                numbers[i] = Math.copySign(largest, numbers[i]);
                any = true;
            }
        }
        return any;
    }
}
