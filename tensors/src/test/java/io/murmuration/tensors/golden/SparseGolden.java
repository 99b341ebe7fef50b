package io.murmuration.tensors.golden;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Group {@code codecs}, cases {@code topkP} (the largest P percent, P in the case's name or {@code params.percent}) and
 * {@code sparse2bit} (header and payload apart), on shared inputs.
 */
final class SparseGolden implements GoldenCheck {

    private static final int HEADER_NUMBERS = 5;

    @Override
    public boolean supports(String group, JsonNode testCase) {
        String name = testCase.path("name").asText();
        return group.equals("codecs") && (name.matches("topk\\d+.*") || name.startsWith("sparse2bit"));
    }

    @Override
    public void run(GoldenCase testCase) {
        Codec codec = codec(testCase);
        for (String tensor : testCase.expected()) {
            int dot = tensor.lastIndexOf('.');
            String input = tensor.substring(0, dot);
            switch (tensor.substring(dot + 1)) {
                case "bytes" -> testCase.assertBytes(tensor, encoded(testCase, codec, input));
                case "decoded" -> testCase.assertClose(tensor, decoded(testCase, codec, input));
                case "header" -> testCase.assertClose(tensor, header(encoded(testCase, codec, input)));
                case "payload" -> testCase.assertBytes(tensor, behindHeader(encoded(testCase, codec, input)));
                default -> {} // reported by the runner as not compared
            }
        }
    }

    private static Codec codec(GoldenCase testCase) {
        JsonNode params = testCase.params();
        if (testCase.name().startsWith("sparse2bit")) {
            return Codecs.sparse2Bit(
                    params.path("chunk").asInt(4096), params.path("k").asInt(64));
        }
        String digits = testCase.name().replaceAll("^topk(\\d+).*", "$1");
        return Codecs.topK(10_000 * params.path("percent").asInt(Integer.parseInt(digits)));
    }

    private static byte[] encoded(GoldenCase testCase, Codec codec, String input) {
        float[] numbers = testCase.group().holding(input).floats(input);
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(codec.encodedSize(numbers.length)));
            Arrays.fill(bytes.array(), (byte) 0x5a); // what is not written shows
            codec.encode(Floats.of(arena, numbers), bytes);
            assertThat(bytes.hasRemaining()).as("room left").isFalse();
            return bytes.array();
        }
    }

    private static float[] decoded(GoldenCase testCase, Codec codec, String input) {
        try (Arena arena = Arena.ofConfined()) {
            Floats target = Floats.allocate(arena, testCase.floats(input + ".decoded").length);
            codec.decode(ByteBuffer.wrap(encoded(testCase, codec, input)), target);
            return target.toArray();
        }
    }

    private static float[] header(byte[] bytes) {
        float[] header = new float[HEADER_NUMBERS];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(header);
        return header;
    }

    private static byte[] behindHeader(byte[] bytes) {
        return Arrays.copyOfRange(bytes, HEADER_NUMBERS * Float.BYTES, bytes.length);
    }
}
