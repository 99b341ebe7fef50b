package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Group {@code codecs}: the table of the dynamic 8-bit type, read by decoding every code with a scale of 1. */
final class DynamicCodeGolden implements GoldenCheck {

    private static final int CODES = 256;

    @Override
    public boolean supports(String group, JsonNode testCase) {
        return group.equals("codecs") && testCase.path("name").asText().equals("dynamic_code");
    }

    @Override
    public void run(GoldenCase testCase) {
        Codec codec = Codecs.byName("dynamic8:256");
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES + CODES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putFloat(1);
        for (int code = 0; code < CODES; code++) {
            bytes.put((byte) code);
        }
        try (Arena arena = Arena.ofConfined()) {
            Floats numbers = Floats.allocate(arena, CODES);
            codec.decode(bytes.flip(), numbers);
            testCase.assertClose("code", numbers.toArray());
        }
    }
}
