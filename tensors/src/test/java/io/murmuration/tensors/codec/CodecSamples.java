package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;

/** What properties of codecs are tried on. */
final class CodecSamples {

    /** Every dense codec, also with sizes that leave remainders everywhere. */
    static final List<String> SPECIFICATIONS = List.of(
            "fp32",
            "fp16",
            "bf16",
            "meanstd16",
            "meanstd16:1",
            "meanstd16:33",
            "int8",
            "int8:1",
            "int8:3",
            "int8:64",
            "dynamic8",
            "dynamic8:50",
            "minmax8",
            "minmax8:1",
            "minmax8:37",
            "uniform8",
            "uniform8:12",
            "uniform8:6:0",
            "quantile8",
            "int4",
            "int4:2",
            "int4:6",
            "int4:64",
            "int4:4096",
            "sign1",
            "sign1:64",
            "sign1:4096");

    private CodecSamples() {}

    static final class AnyCodec implements ArbitrarySupplier<Codec> {
        @Override
        public Arbitrary<Codec> get() {
            return Arbitraries.of(SPECIFICATIONS).map(Codecs::byName);
        }
    }

    /** Every finite number: of ordinary size, or any bit pattern. */
    static final class FiniteNumbers implements ArbitrarySupplier<float[]> {
        @Override
        public Arbitrary<float[]> get() {
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
    }

    /** Header, payload and checksum of a tensor under every codec. */
    static final class AnyTensor implements ArbitrarySupplier<byte[]> {
        @Override
        public Arbitrary<byte[]> get() {
            return Combinators.combine(new AnyCodec().get(), new FiniteNumbers().get())
                    .as((codec, numbers) -> {
                        try (Arena arena = Arena.ofConfined()) {
                            int[] shape = {1, numbers.length};
                            return EncodedTensor.encode(codec, shape, Floats.of(arena, numbers));
                        }
                    });
        }
    }

    static byte[] encode(Codec codec, float[] numbers) {
        try (Arena arena = Arena.ofConfined()) {
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
            codec.encode(Floats.of(arena, numbers), bytes);
            return bytes.array();
        }
    }

    static float[] roundTrip(Codec codec, float[] numbers) {
        try (Arena arena = Arena.ofConfined()) {
            Floats source = Floats.of(arena, numbers);
            Floats target = Floats.allocate(arena, numbers.length);
            ByteBuffer bytes = ByteBuffer.allocate((int) codec.encodedSize(numbers.length));
            codec.encode(source, bytes);
            codec.decode(bytes.flip(), target);
            return target.toArray();
        }
    }
}
