package io.murmuration.tensors.compute;

import java.lang.foreign.MemorySegment;

/**
 * Attention as matrix products over blocks of query rows. A block reads only the keys up to its own last row, so almost
 * half of a causal square is never computed.
 */
final class BlasAttention {

    private static final int F = Float.BYTES;
    private static final int BLOCK = AttentionShape.QUERY_BLOCK;

    private final AttentionShape shape;
    private final long qkv;
    private final long probabilities;
    private final int rowWidth;
    private final int length;
    private final float scale;

    private BlasAttention(AttentionShape shape, long qkv, long probabilities) {
        this.shape = shape;
        this.qkv = qkv;
        this.probabilities = probabilities;
        this.rowWidth = shape.rowWidth();
        this.length = shape.length();
        this.scale = (float) (1 / Math.sqrt(shape.headDim()));
    }

    static void forward(AttentionShape shape, long qkv, long probabilities, long out) {
        BlasAttention attention = new BlasAttention(shape, qkv, probabilities);
        for (int sequence = 0; sequence < shape.sequences(); sequence++) {
            for (int head = 0; head < shape.heads(); head++) {
                attention.forwardHead(sequence, head, out);
            }
        }
    }

    private void forwardHead(int sequence, int head, long out) {
        int width = shape.headDim();
        long keys = keys(qkv, sequence, head);
        long values = values(qkv, sequence, head);
        for (int from = 0; from < length; from += BLOCK) {
            int rows = Math.min(BLOCK, length - from);
            int columns = from + rows;
            long weights = weights(sequence, head, from);
            long queries = queries(qkv, sequence, from, head);
            gemm(false, true, rows, columns, width, scale, queries, rowWidth, keys, rowWidth, 0, weights, length);
            for (int row = 0; row < rows; row++) {
                VectorSoftmax.causalRow(weights + (long) row * length * F, from + row + 1, columns);
            }
            long result = result(out, sequence, from, head);
            gemm(false, false, rows, width, columns, 1, weights, length, values, rowWidth, 0, result, shape.dim());
        }
    }

    static void backward(AttentionShape shape, long qkv, long probabilities, long gradOut, long gradQkv, long scratch) {
        BlasAttention attention = new BlasAttention(shape, qkv, probabilities);
        for (int sequence = 0; sequence < shape.sequences(); sequence++) {
            for (int head = 0; head < shape.heads(); head++) {
                attention.backwardHead(sequence, head, gradOut, gradQkv, scratch);
            }
        }
    }

    /** From the last block to the first: the last one reaches all keys, so it can overwrite what the others add to. */
    private void backwardHead(int sequence, int head, long gradOut, long gradQkv, long scratch) {
        int width = shape.headDim();
        long keys = keys(qkv, sequence, head);
        long values = values(qkv, sequence, head);
        long gradKeys = keys(gradQkv, sequence, head);
        long gradValues = values(gradQkv, sequence, head);
        boolean firstOfGroup = head % shape.group() == 0;
        int lastBlock = (length - 1) / BLOCK * BLOCK;
        for (int from = lastBlock; from >= 0; from -= BLOCK) {
            int rows = Math.min(BLOCK, length - from);
            int columns = from + rows;
            float beta = firstOfGroup && from == lastBlock ? 0 : 1;
            long weights = weights(sequence, head, from);
            long grad = result(gradOut, sequence, from, head);
            gemm(true, false, columns, width, rows, 1, weights, length, grad, shape.dim(), beta, gradValues, rowWidth);
            gemm(false, true, rows, columns, width, 1, grad, shape.dim(), values, rowWidth, 0, scratch, columns);
            for (int row = 0; row < rows; row++) {
                VectorSoftmax.causalBackwardRow(
                        weights + (long) row * length * F,
                        scratch + (long) row * columns * F,
                        from + row + 1,
                        columns,
                        scale);
            }
            long queries = queries(qkv, sequence, from, head);
            long gradQueries = queries(gradQkv, sequence, from, head);
            gemm(false, false, rows, width, columns, 1, scratch, columns, keys, rowWidth, 0, gradQueries, rowWidth);
            gemm(true, false, columns, width, rows, 1, scratch, columns, queries, rowWidth, beta, gradKeys, rowWidth);
        }
    }

    private static void gemm(
            boolean transposeA,
            boolean transposeB,
            int m,
            int n,
            int k,
            float alpha,
            long a,
            int lda,
            long b,
            int ldb,
            float beta,
            long c,
            int ldc) {
        Blas.sgemm(
                transposeA,
                transposeB,
                m,
                n,
                k,
                alpha,
                MemorySegment.ofAddress(a),
                lda,
                MemorySegment.ofAddress(b),
                ldb,
                beta,
                MemorySegment.ofAddress(c),
                ldc);
    }

    private long queries(long base, int sequence, int position, int head) {
        return at(base, sequence, position, (long) head * shape.headDim());
    }

    private long keys(long base, int sequence, int head) {
        return at(base, sequence, 0, shape.keyOffset() + (long) (head / shape.group()) * shape.headDim());
    }

    private long values(long base, int sequence, int head) {
        return at(base, sequence, 0, shape.valueOffset() + (long) (head / shape.group()) * shape.headDim());
    }

    private long at(long base, int sequence, int position, long column) {
        return base + (((long) sequence * length + position) * rowWidth + column) * F;
    }

    private long weights(int sequence, int head, int position) {
        return probabilities + (((long) sequence * shape.heads() + head) * length + position) * length * F;
    }

    private long result(long base, int sequence, int position, int head) {
        return base + (((long) sequence * length + position) * shape.dim() + (long) head * shape.headDim()) * F;
    }
}
