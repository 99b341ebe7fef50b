package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ArbitrarySupplier;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

class CompressorTest {

    private static final List<Integer> MATRIX = List.of(50, 36);
    private static final List<Integer> VECTOR = List.of(61);
    private static final int LENGTH = 50 * 36 + 61;

    /** Makes a compressor whose memory lives as long as the arena. */
    record Kind(String name, Function<Arena, Compressor> make) {
        @Override
        public String toString() {
            return name;
        }
    }

    static final class AnyKind implements ArbitrarySupplier<Kind> {
        @Override
        public Arbitrary<Kind> get() {
            return Arbitraries.of(
                    feedback("top-k with error feedback", 1, shape -> Codecs.topK(20_000)),
                    feedback("SparseLoCo", 0.95, shape -> Codecs.sparse2Bit(4096, 64)),
                    feedback("DeMo", 0.999, shape -> DctTopK.of(shape, 64, 8, false)),
                    new Kind(
                            "DisTrO",
                            arena -> new SignedMomentum(arena, parts(shape -> DctTopK.of(shape, 64, 8, true)), 0.999)));
        }
    }

    private static Kind feedback(String name, double decay, Function<List<Integer>, Codec> codec) {
        return new Kind(name, arena -> new ErrorFeedback(arena, parts(codec), decay));
    }

    private static EncodedParts parts(Function<List<Integer>, Codec> codec) {
        return new EncodedParts(List.of(
                new EncodedParts.Part("matrix", MATRIX, codec.apply(MATRIX)),
                new EncodedParts.Part("vector", VECTOR, codec.apply(VECTOR))));
    }

    @Property(tries = 40)
    void a_compressor_that_starts_from_saved_state_sends_the_same_bytes(
            @ForAll(supplier = AnyKind.class) Kind kind,
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = 4) int before) {
        try (Arena arena = Arena.ofShared()) {
            Compressor first = kind.make.apply(arena);
            for (int round = 0; round < before; round++) {
                compress(arena, first, seed + round, Workers.SERIAL);
                first.commit();
            }
            Compressor second = kind.make.apply(arena);
            restore(save(first), second);
            for (int round = before; round < before + 3; round++) {
                byte[] bytes = compress(arena, first, seed + round, Workers.SERIAL);
                assertThat(compress(arena, second, seed + round, new ThreadWorkers()))
                        .isEqualTo(bytes);
                first.commit();
                second.commit();
                assertThat(save(second)).usingRecursiveComparison().isEqualTo(save(first));
            }
        }
    }

    @Property(tries = 40)
    void a_round_that_fails_leaves_no_trace(@ForAll(supplier = AnyKind.class) Kind kind, @ForAll long seed) {
        try (Arena arena = Arena.ofShared()) {
            Compressor tried = kind.make.apply(arena);
            Compressor spared = kind.make.apply(arena);
            for (int round = 0; round < 4; round++) {
                Map<String, float[]> before = save(tried);
                compress(arena, tried, seed - round, Workers.SERIAL);
                tried.rollback();
                assertThat(save(tried)).usingRecursiveComparison().isEqualTo(before);
                assertThat(compress(arena, tried, seed + round, Workers.SERIAL))
                        .isEqualTo(compress(arena, spared, seed + round, Workers.SERIAL));
                tried.commit();
                spared.commit();
            }
        }
    }

    @Property(tries = 40)
    void a_gradient_that_is_not_finite_is_refused_and_changes_nothing(
            @ForAll(supplier = AnyKind.class) Kind kind,
            @ForAll long seed,
            @ForAll @IntRange(min = 0, max = LENGTH - 1) int index) {
        try (Arena arena = Arena.ofShared()) {
            Compressor compressor = kind.make.apply(arena);
            compress(arena, compressor, seed, Workers.SERIAL);
            compressor.commit();
            Map<String, float[]> before = save(compressor);
            Floats broken = Floats.of(arena, gaussian(seed));
            broken.set(index, Float.NaN);
            ByteBuffer target = ByteBuffer.allocate((int) compressor.encodedSize());
            assertThatThrownBy(() -> compressor.compress(broken, 1, target, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessageStartingWith(index < 50 * 36 ? "matrix: " : "vector: ");
            assertThat(target.position()).isZero();
            assertThat(save(compressor)).usingRecursiveComparison().isEqualTo(before);
            compress(arena, compressor, seed + 1, Workers.SERIAL); // ready for the next
        }
    }

    /** Without decay nothing may get lost: what was sent and what is left is what came in. */
    @Property(tries = 40)
    void error_feedback_conserves_what_it_is_given(@ForAll @IntRange(min = 1, max = 8) int rounds, @ForAll long seed) {
        for (Function<List<Integer>, Codec> codec : List.<Function<List<Integer>, Codec>>of(
                shape -> Codecs.topK(30_000),
                shape -> Codecs.sparse2Bit(512, 20),
                shape -> DctTopK.of(shape, 64, 16, false))) {
            try (Arena arena = Arena.ofShared()) {
                EncodedParts parts = parts(codec);
                ErrorFeedback feedback = new ErrorFeedback(arena, parts, 1);
                double[] balance = new double[LENGTH];
                Floats sent = Floats.allocate(arena, LENGTH);
                for (int round = 0; round < rounds; round++) {
                    float[] input = gaussian(seed + round);
                    byte[] bytes = compress(arena, feedback, seed + round, Workers.SERIAL);
                    feedback.commit();
                    parts.decode(ByteBuffer.wrap(bytes), sent, Workers.SERIAL);
                    for (int i = 0; i < LENGTH; i++) {
                        balance[i] += 0.25 * input[i] - sent.get(i);
                    }
                }
                Floats residual = feedback.state().get(ErrorFeedback.RESIDUAL);
                for (int i = 0; i < LENGTH; i++) {
                    // Each round rounds twice, on numbers below 64.
                    assertThat(Math.abs(balance[i] - residual.get(i))).isLessThan(rounds * 2 * Math.ulp(32f));
                }
            }
        }
    }

    @Example
    void top_k_leaves_exactly_nothing_of_what_it_sent() {
        try (Arena arena = Arena.ofShared()) {
            EncodedParts parts = new EncodedParts(List.of(new EncodedParts.Part("x", List.of(4), Codecs.topK(0, 2))));
            ErrorFeedback feedback = new ErrorFeedback(arena, parts, 1);
            ByteBuffer bytes = ByteBuffer.allocate((int) feedback.encodedSize());
            feedback.compress(Floats.of(arena, 0.1f, -3, 2, 0.7f), 1, bytes, Workers.SERIAL);
            feedback.commit();
            assertThat(feedback.state().get(ErrorFeedback.RESIDUAL).toArray()).containsExactly(0.1f, 0, 0, 0.7f);
        }
    }

    @Example
    void signed_momentum_subtracts_its_selection_one_time_later_and_at_full_precision() {
        try (Arena arena = Arena.ofShared()) {
            List<EncodedParts.Part> part =
                    List.of(new EncodedParts.Part("x", List.of(3), new DctTopK(3, 1, 1, 1, true)));
            SignedMomentum momentum = new SignedMomentum(arena, new EncodedParts(part), 0.5);
            ByteBuffer bytes = ByteBuffer.allocate((int) momentum.encodedSize());
            momentum.compress(Floats.of(arena, 1, -2, 4), 1, bytes, Workers.SERIAL);
            momentum.commit();
            assertThat(momentum.state().get(SignedMomentum.DELTA).toArray()).containsExactly(1, -2, 4);
            assertThat(momentum.state().get(SignedMomentum.SELECTED).toArray()).containsExactly(1, -2, 4);
            momentum.compress(Floats.of(arena, 8, 0, 0), 1, bytes.clear(), Workers.SERIAL);
            momentum.commit();
            assertThat(momentum.state().get(SignedMomentum.DELTA).toArray()).containsExactly(8, 0, 0);
        }
    }

    @Property(tries = 8)
    void a_second_contribution_before_the_first_is_settled_is_refused(@ForAll(supplier = AnyKind.class) Kind kind) {
        try (Arena arena = Arena.ofShared()) {
            Compressor compressor = kind.make.apply(arena);
            assertThatThrownBy(compressor::commit).isInstanceOf(IllegalStateException.class);
            compress(arena, compressor, 1, Workers.SERIAL);
            assertThatThrownBy(() -> compress(arena, compressor, 2, Workers.SERIAL))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("expected a commit or a rollback of what was compressed last");
        }
    }

    @Example
    void bytes_of_other_tensors_are_refused_by_name() {
        try (Arena arena = Arena.ofShared()) {
            EncodedParts parts = parts(shape -> DctTopK.of(shape, 64, 8, false));
            EncodedParts others = parts(shape -> DctTopK.of(shape, 64, 8, false));
            ByteBuffer bytes = ByteBuffer.allocate((int) others.size());
            others.encode(Floats.allocate(arena, LENGTH), bytes, Workers.SERIAL);
            bytes.flip().put((int) others.size() - 1, (byte) ~bytes.get((int) others.size() - 1));
            Floats target = Floats.allocate(arena, LENGTH);
            assertThatThrownBy(() -> parts.decode(bytes, target, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessageStartingWith("vector: expected checksum");
            assertThatThrownBy(() -> parts.decodeSlotMeans(List.of(bytes), target, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessageStartingWith("vector: expected checksum");
            assertThatThrownBy(() -> parts.decode(bytes.slice(0, 5), target, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessage("expected " + others.size() + " bytes for 2 tensors, got 5");
        }
    }

    private static byte[] compress(Arena arena, Compressor compressor, long seed, Workers workers) {
        ByteBuffer bytes = ByteBuffer.allocate((int) compressor.encodedSize());
        compressor.compress(Floats.of(arena, gaussian(seed)), 0.25f, bytes, workers);
        assertThat(bytes.hasRemaining()).isFalse();
        return bytes.array();
    }

    private static Map<String, float[]> save(Compressor compressor) {
        Map<String, float[]> saved = new LinkedHashMap<>();
        compressor.state().forEach((name, vector) -> saved.put(name, vector.toArray()));
        return saved;
    }

    private static void restore(Map<String, float[]> saved, Compressor compressor) {
        compressor.state().forEach((name, vector) -> vector.copyFrom(saved.get(name)));
    }

    private static float[] gaussian(long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }
}
