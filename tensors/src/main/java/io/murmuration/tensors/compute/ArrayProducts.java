package io.murmuration.tensors.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Matrix products through ND4J's arrays, on whichever device ND4J runs: the arguments are copied there, the result is
 * copied back. ND4J multiplies by columns; a row-major matrix read by columns is its transpose, so what is asked for is
 * {@code c^T = op(b)^T op(a)^T}.
 */
final class ArrayProducts {

    /**
     * Multiplications from which on the way to a device and back pays: below, the copies take longer than a core needs
     * for the product.
     */
    static final long WORTH_COPYING = 1L << 26;

    private ArrayProducts() {}

    /** As {@link Backend#gemm}; the caller has checked that the matrices fit. */
    static void gemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            Floats a,
            int lda,
            Floats b,
            int ldb,
            float beta,
            Floats c,
            int ldc) {
        try (INDArray left = transposed(a, transposeA ? k : m, transposeA ? m : k, lda);
                INDArray right = transposed(b, transposeB ? n : k, transposeB ? k : n, ldb);
                INDArray product = beta == 0 ? Nd4j.create(new int[] {n, m}, 'f') : transposed(c, m, n, ldc)) {
            Nd4j.gemm(right, left, product, transposeB, transposeA, alpha, beta);
            float[] rows = product.data().asFloat();
            for (int row = 0; row < m; row++) {
                MemorySegment.copy(
                        rows, row * n, c.segment(), ValueLayout.JAVA_FLOAT, (long) row * ldc * Float.BYTES, n);
            }
        }
    }

    /** The stored {@code [rows, columns]} matrix, read by columns as {@code [columns, rows]}. */
    private static INDArray transposed(Floats matrix, int rows, int columns, int stride) {
        float[] dense = new float[Math.multiplyExact(rows, columns)];
        for (int row = 0; row < rows; row++) {
            MemorySegment.copy(
                    matrix.segment(),
                    ValueLayout.JAVA_FLOAT,
                    (long) row * stride * Float.BYTES,
                    dense,
                    row * columns,
                    columns);
        }
        return Nd4j.create(dense, new int[] {columns, rows}, 'f');
    }
}
