package io.murmuration.tensors.compute;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import java.util.function.BiConsumer;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

/** The native kernels against the scalar reference, for sizes that do and do not fill vectors and blocks. */
class BackendTest {

    /** fp32 sums of up to a few hundred terms near 1, in two orders: a few hundred half-ulps. */
    private static final double TOLERANCE = 2e-5;

    private final Backend java = Backends.byName("java");
    private final Backend nd4j = Backends.byName("nd4j");
    /** Released by the collector: jqwik keeps one instance of this class for all tries of a property. */
    private final Arena arena = Arena.ofAuto();

    @Test
    void an_unknown_backend_is_refused_with_the_names_of_those_there_are() {
        assertThatThrownBy(() -> Backends.byName("cuda"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cuda")
                .hasMessageContaining("nd4j, java");
    }

    @Test
    void fingerprints_name_what_decides_the_bits() {
        assertThat(java.fingerprint()).isEqualTo("java-strict-1");
        assertThat(nd4j.fingerprint())
                .contains(Mkl.onClassPath() ? "Math_Kernel_Library" : "OpenBLAS", "lanes")
                .doesNotContain(" ");
    }

    @Test
    void the_reference_multiplies_in_all_four_layouts() {
        // [1 2; 3 4] [5 6; 7 8] = [19 22; 43 50]
        for (boolean transposeA : new boolean[] {false, true}) {
            for (boolean transposeB : new boolean[] {false, true}) {
                Floats a = transposeA ? Floats.of(arena, 1, 3, 2, 4) : Floats.of(arena, 1, 2, 3, 4);
                Floats b = transposeB ? Floats.of(arena, 5, 7, 6, 8) : Floats.of(arena, 5, 6, 7, 8);
                Floats c = Floats.of(arena, 1, 1, 1, 1);
                java.gemm(transposeA, transposeB, 2, 2, 2, 2, a, 2, b, 2, -1, c, 2);
                assertThat(c.toArray()).containsExactly(37, 43, 85, 99);
            }
        }
    }

    @Property(tries = 100)
    void products_agree_for_any_layout_and_stride(
            @ForAll boolean transposeA,
            @ForAll boolean transposeB,
            @ForAll @IntRange(min = 1, max = 70) int m,
            @ForAll @IntRange(min = 1, max = 70) int n,
            @ForAll @IntRange(min = 1, max = 70) int k,
            @ForAll @IntRange(max = 9) int gap,
            @ForAll @IntRange(max = 1) int beta) {
        int lda = (transposeA ? m : k) + gap;
        int ldb = (transposeB ? k : n) + gap;
        int ldc = n + gap;
        Floats a = random(1, (long) lda * (transposeA ? k : m));
        Floats b = random(2, (long) ldb * (transposeB ? n : k));
        agree(
                (backend, c) -> backend.gemm(transposeA, transposeB, m, n, k, 0.5f, a, lda, b, ldb, beta, c, ldc),
                random(3, (long) m * ldc));
        Floats expected = random(3, (long) m * ldc);
        Floats throughArrays = random(3, (long) m * ldc);
        java.gemm(transposeA, transposeB, m, n, k, 0.5f, a, lda, b, ldb, beta, expected, ldc);
        ArrayProducts.gemm(transposeA, transposeB, m, n, k, 0.5f, a, lda, b, ldb, beta, throughArrays, ldc);
        close(throughArrays, expected);
    }

    @Test
    void a_product_that_reaches_past_its_memory_is_refused() {
        Floats four = Floats.allocate(arena, 4);
        for (Backend backend : new Backend[] {java, nd4j}) {
            assertThatThrownBy(() -> backend.gemm(false, false, 2, 3, 2, 1, four, 2, four, 3, 0, four, 3))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("b must hold at least 6 numbers, holds 4");
        }
    }

    @Property(tries = 60)
    void norms_agree(@ForAll @IntRange(min = 1, max = 9) int rows, @ForAll @IntRange(min = 1, max = 70) int dim) {
        long numbers = (long) rows * dim;
        Floats x = random(1, numbers);
        Floats gain = random(2, dim);
        Floats inverse = Floats.allocate(arena, rows);
        Floats gradOut = random(3, numbers);
        agree((backend, out) -> backend.rmsNorm(x, gain, rows, dim, 1e-5f, out, inverse), random(4, numbers));
        Floats gradGain = random(5, dim);
        agree(
                (backend, gradX) ->
                        backend.rmsNormBackward(x, gain, inverse, gradOut, rows, dim, gradX, copy(gradGain)),
                random(6, numbers));
        agree(
                (backend, gains) ->
                        backend.rmsNormBackward(x, gain, inverse, gradOut, rows, dim, random(6, numbers), gains),
                gradGain);
    }

    @Property(tries = 60)
    void swiglu_agrees_and_its_backward_gives_the_output_again(
            @ForAll @IntRange(min = 1, max = 5) int rows, @ForAll @IntRange(min = 1, max = 70) int ffn) {
        Floats gateUp = random(1, 2L * rows * ffn);
        Floats gradOut = random(2, (long) rows * ffn);
        agree((backend, out) -> backend.swiGlu(gateUp, rows, ffn, out), random(3, (long) rows * ffn));
        agree((backend, both) -> backend.swiGluBackward(both, rows, ffn, copy(gradOut)), gateUp);
        agree((backend, out) -> backend.swiGluBackward(copy(gateUp), rows, ffn, out), gradOut);
        Floats out = Floats.allocate(arena, gradOut.length());
        nd4j.swiGlu(gateUp, rows, ffn, out);
        nd4j.swiGluBackward(gateUp, rows, ffn, gradOut);
        close(gradOut, out);
    }

    @Property(tries = 60)
    void attention_agrees_forward_and_backward(
            @ForAll @IntRange(min = 1, max = 2) int sequences,
            @ForAll @IntRange(min = 1, max = 150) int length,
            @ForAll @IntRange(min = 1, max = 2) int kvHeads,
            @ForAll @IntRange(min = 1, max = 3) int group,
            @ForAll @IntRange(min = 1, max = 10) int halfHead) {
        AttentionShape shape = new AttentionShape(sequences, length, kvHeads * group, kvHeads, 2 * halfHead);
        RotaryTable table = RotaryTable.of(arena, length, 2 * halfHead, 10_000);
        Floats qkv = random(1, (long) shape.tokens() * shape.rowWidth());
        agree((backend, rows) -> backend.rope(shape, table, rows), qkv);
        agree((backend, rows) -> backend.ropeBackward(shape, table, rows), qkv);
        Floats out = Floats.allocate(arena, (long) shape.tokens() * shape.dim());
        agree(
                (backend, result) ->
                        backend.attention(shape, qkv, Floats.allocate(arena, shape.probabilities()), result),
                out);
        Floats gradOut = random(2, out.length());
        agree(
                (backend, gradQkv) -> {
                    Floats probabilities = Floats.allocate(arena, shape.probabilities());
                    backend.attention(shape, qkv, probabilities, copy(out));
                    backend.attentionBackward(
                            shape, qkv, probabilities, gradOut, gradQkv, Floats.allocate(arena, shape.scratch()));
                },
                random(3, qkv.length()));
    }

    @Property(tries = 60)
    void cross_entropy_agrees(
            @ForAll @IntRange(min = 1, max = 5) int rows, @ForAll @IntRange(min = 1, max = 300) int vocabulary) {
        Floats logits = random(1, (long) rows * vocabulary);
        int[] targets = new int[rows];
        for (int row = 0; row < rows; row++) {
            targets[row] = row * 7 % vocabulary;
        }
        double expected = java.crossEntropy(copy(logits), targets, vocabulary);
        assertThat(nd4j.crossEntropy(copy(logits), targets, vocabulary))
                .isCloseTo(expected, offset(1e-6 * (1 + expected)));
        agree((backend, grad) -> backend.crossEntropyBackward(grad, targets, vocabulary), logits);
    }

    @Test
    void uniform_logits_cost_the_logarithm_of_the_vocabulary() {
        for (Backend backend : new Backend[] {java, nd4j}) {
            double loss = backend.crossEntropy(Floats.allocate(arena, 3 * 256L), new int[] {0, 17, 255}, 256);
            assertThat(loss).isCloseTo(Math.log(256), offset(1e-6));
        }
    }

    @Test
    void embedding_copies_rows_and_sums_the_gradients_of_a_token_that_comes_twice() {
        Floats table = random(1, 5 * 3L);
        int[] ids = {4, 0, 4};
        for (Backend backend : new Backend[] {java, nd4j}) {
            Floats out = Floats.allocate(arena, 9);
            backend.embed(table, 3, ids, out);
            assertThat(out.slice(0, 3).toArray()).isEqualTo(table.slice(12, 3).toArray());
            assertThat(out.slice(3, 3).toArray()).isEqualTo(table.slice(0, 3).toArray());
            Floats gradient = Floats.allocate(arena, 15);
            backend.embedBackward(Floats.of(arena, 1, 2, 3, 4, 5, 6, 10, 20, 30), 3, ids, gradient);
            assertThat(gradient.toArray()).containsExactly(4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 22, 33);
            assertThatThrownBy(() -> backend.embed(table, 3, new int[] {5}, out))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("0 to 4");
        }
    }

    @Test
    void memory_that_was_released_is_refused_not_read() {
        Arena gone = Arena.ofShared();
        Floats x = Floats.allocate(gone, 8);
        Floats y = Floats.allocate(arena, 8);
        gone.close();
        for (Backend backend : new Backend[] {java, nd4j}) {
            assertThatThrownBy(() -> backend.add(x, y)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> backend.gemm(false, false, 2, 2, 2, 1, x, 2, y, 2, 0, y, 2))
                    .isInstanceOf(IllegalStateException.class);
        }
    }

    /** Runs both backends on copies of {@code start} and compares what they make of it. */
    private void agree(BiConsumer<Backend, Floats> kernel, Floats start) {
        Floats expected = copy(start);
        Floats got = copy(start);
        kernel.accept(java, expected);
        kernel.accept(nd4j, got);
        close(got, expected);
    }

    private static void close(Floats got, Floats expected) {
        double largest = 1;
        for (float value : expected.toArray()) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (long i = 0; i < expected.length(); i++) {
            assertThat((double) got.get(i)).as("number %d", i).isCloseTo(expected.get(i), offset(TOLERANCE * largest));
        }
    }

    private Floats copy(Floats source) {
        Floats copy = Floats.allocate(arena, source.length());
        copy.copyFrom(source);
        return copy;
    }

    private Floats random(long seed, long length) {
        SplittableRandom random = new SplittableRandom(seed);
        Floats floats = Floats.allocate(arena, length);
        for (long i = 0; i < length; i++) {
            floats.set(i, (float) random.nextDouble(-2, 2));
        }
        return floats;
    }
}
