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
import java.util.Optional;

/**
 * Group {@code codecs}: {@code X.bytes} and {@code X.decoded} for shared inputs X. Where an input is not finite the
 * reference clamps; ours must refuse it, and gives the same bytes for the largest finite number in its place.
 */
final class CodecGolden implements GoldenCheck {

    private static final String BYTES = ".bytes";
    private static final String DECODED = ".decoded";

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("codecs") && codec(testCase).isPresent();
    }

    private static Optional<Codec> codec(JsonNode testCase) {
        return switch (testCase.path("name").asText()) {
            case "fp32" -> Optional.of(Codecs.byName("fp32"));
            case "fp16" -> Optional.of(Codecs.byName("fp16"));
            case String name
            when name.startsWith("block8_linear") ->
                Optional.of(Codecs.int8(testCase.path("params").path("block").asInt(4096)));
            default -> Optional.empty();
        };
    }

    @Override
    public void run(GoldenCase testCase) {
        Codec codec = codec(testCase.json()).orElseThrow();
        for (String tensor : testCase.expected()) {
            if (tensor.endsWith(BYTES)) {
                String input = tensor.substring(0, tensor.length() - BYTES.length());
                encode(testCase, codec, input);
            } else if (tensor.endsWith(DECODED)) {
                String input = tensor.substring(0, tensor.length() - DECODED.length());
                decode(testCase, codec, input);
            }
        }
    }

    private static void encode(GoldenCase testCase, Codec codec, String input) {
        float[] numbers = testCase.group().holding(input).floats(input);
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, numbers);
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(codec.encodedSize(numbers.length)));
            if (clamp(numbers)) {
                assertThatThrownBy(() -> codec.encode(source, bytes)).isInstanceOf(CodecException.class);
                source.copyFrom(numbers);
            }
            codec.encode(source, bytes);
            assertThat(bytes.hasRemaining()).as("room left").isFalse();
            testCase.assertBytes(input + BYTES, bytes.array());
        }
    }

    private static void decode(GoldenCase testCase, Codec codec, String input) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, testCase.floats(input + DECODED).length);
            codec.decode(ByteBuffer.wrap(testCase.bytes(input + BYTES)), target);
            testCase.assertClose(input + DECODED, target.toArray());
        }
    }

    /** Puts the largest finite number in the place of infinities; whether there were any. */
    private static boolean clamp(float[] numbers) {
        boolean any = false;
        for (int i = 0; i < numbers.length; i++) {
            if (Float.isInfinite(numbers[i])) {
                numbers[i] = Math.copySign(Float.MAX_VALUE, numbers[i]);
                any = true;
            }
        }
        return any;
    }
}
