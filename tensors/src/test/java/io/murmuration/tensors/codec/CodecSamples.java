package io.murmuration.tensors.codec;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Combinators;

/** What properties of codecs are tried on. */
final class CodecSamples {

    private CodecSamples() {}

    static final class AnyCodec implements ArbitrarySupplier<Codec> {
        @Override
        public Arbitrary<Codec> get() {
            return Arbitraries.of(Codecs.names())
                    .map(Codecs::byName)
                    .flatMap(codec -> codec.name().equals("int8")
                            ? Arbitraries.of(1, 3, 64, 4096).map(Codecs::int8)
                            : Arbitraries.just(codec));
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
