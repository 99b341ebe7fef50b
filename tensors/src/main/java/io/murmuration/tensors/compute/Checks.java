package io.murmuration.tensors.compute;

/** What every kernel asks before it touches memory: native code and raw addresses do not check for themselves. */
final class Checks {

    private Checks() {}

    static void atLeast(String what, Floats floats, long needed) {
        if (floats.length() < needed) {
            throw new IllegalArgumentException(
                    what + " must hold at least " + needed + " numbers, holds " + floats.length());
        }
    }

    static void indexes(String what, int[] indexes, long bound) {
        for (int index : indexes) {
            if (index < 0 || index >= bound) {
                throw new IllegalArgumentException(what + " must lie in 0 to " + (bound - 1) + ", one is " + index);
            }
        }
    }

    static void matrix(String what, Floats floats, int rows, int columns, int leadingDimension) {
        if (rows < 0 || columns < 0 || leadingDimension < Math.max(1, columns)) {
            throw new IllegalArgumentException("matrix " + what + " [" + rows + ", " + columns
                    + "] cannot have leading dimension " + leadingDimension);
        }
        atLeast(what, floats, rows == 0 ? 0 : (rows - 1L) * leadingDimension + columns);
    }

    static void gemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            Floats a,
            int lda,
            Floats b,
            int ldb,
            Floats c,
            int ldc) {
        matrix("a", a, transposeA ? k : m, transposeA ? m : k, lda);
        matrix("b", b, transposeB ? n : k, transposeB ? k : n, ldb);
        matrix("c", c, m, n, ldc);
    }

    static void attention(AttentionShape shape, Floats qkv, Floats probabilities, Floats out) {
        atLeast("qkv", qkv, (long) shape.tokens() * shape.rowWidth());
        atLeast("probabilities", probabilities, shape.probabilities());
        atLeast("attention output", out, (long) shape.tokens() * shape.dim());
    }

    static void rope(AttentionShape shape, RotaryTable table, Floats qkv) {
        atLeast("qkv", qkv, (long) shape.tokens() * shape.rowWidth());
        atLeast("rotary table", table.cosines(), (long) shape.length() * (shape.headDim() / 2));
    }

    static void crossEntropy(Floats logits, int[] targets, int vocabulary) {
        atLeast("logits", logits, (long) targets.length * vocabulary);
        indexes("targets", targets, vocabulary);
    }
}
