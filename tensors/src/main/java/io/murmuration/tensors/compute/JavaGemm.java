package io.murmuration.tensors.compute;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;

/**
 * Matrix product in one fixed order: every element sums over {@code k} in ascending order, starting from zero, without
 * fused multiply-add. The innermost loop runs over columns, so the compiler may use vector instructions for it without
 * changing a bit.
 */
final class JavaGemm {

    private JavaGemm() {}

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
        float[] left = packed(a, lda, m, k, transposeA);
        float[] right = packed(b, ldb, k, n, transposeB);
        float[] sums = new float[n];
        for (int i = 0; i < m; i++) {
            Arrays.fill(sums, 0);
            for (int p = 0; p < k; p++) {
                axpy(left[i * k + p], right, p * n, sums);
            }
            long row = (long) i * ldc;
            for (int j = 0; j < n; j++) {
                float product = alpha * sums[j];
                c.set(row + j, beta == 0 ? product : product + beta * c.get(row + j));
            }
        }
    }

    private static void axpy(float factor, float[] right, int from, float[] sums) {
        for (int j = 0; j < sums.length; j++) {
            sums[j] += factor * right[from + j];
        }
    }

    /** {@code op(matrix)} of shape {@code [rows, columns]} without gaps, on the heap. */
    private static float[] packed(Floats matrix, int leadingDimension, int rows, int columns, boolean transposed) {
        float[] packed = new float[Math.multiplyExact(rows, columns)];
        MemorySegment segment = matrix.segment();
        for (int row = 0; row < rows; row++) {
            if (transposed) {
                for (int column = 0; column < columns; column++) {
                    packed[row * columns + column] = matrix.get((long) column * leadingDimension + row);
                }
            } else {
                long offset = (long) row * leadingDimension * Float.BYTES;
                MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, offset, packed, row * columns, columns);
            }
        }
        return packed;
    }
}
