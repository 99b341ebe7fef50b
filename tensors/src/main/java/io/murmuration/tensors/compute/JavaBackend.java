package io.murmuration.tensors.compute;

/**
 * The reference: scalar loops in one fixed order, {@link StrictMath} for everything but {@code + - * /} and the square
 * root, no fused multiply-add, no Vector API. Equal bits on every machine and every JVM. Sums over a row run in double,
 * in ascending order, and are rounded once.
 */
final class JavaBackend implements Backend {

    /** Changes whenever an order of operations here changes. */
    private static final String FINGERPRINT = "java-strict-1";

    @Override
    public String name() {
        return "java";
    }

    @Override
    public String fingerprint() {
        return FINGERPRINT;
    }

    @Override
    public void gemm(
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
        Checks.gemm(transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc);
        JavaGemm.gemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
    }

    @Override
    public void embed(Floats table, int dim, int[] ids, Floats out) {
        Checks.indexes("token ids", ids, table.length() / dim);
        Checks.atLeast("embeddings", out, (long) ids.length * dim);
        for (int row = 0; row < ids.length; row++) {
            out.slice((long) row * dim, dim).copyFrom(table.slice((long) ids[row] * dim, dim));
        }
    }

    @Override
    public void embedBackward(Floats gradOut, int dim, int[] ids, Floats gradTable) {
        Checks.indexes("token ids", ids, gradTable.length() / dim);
        Checks.atLeast("gradient of the embeddings", gradOut, (long) ids.length * dim);
        for (int row = 0; row < ids.length; row++) {
            long from = (long) row * dim;
            long to = (long) ids[row] * dim;
            for (int i = 0; i < dim; i++) {
                gradTable.set(to + i, gradTable.get(to + i) + gradOut.get(from + i));
            }
        }
    }

    @Override
    public void rmsNorm(Floats x, Floats gain, int rows, int dim, float epsilon, Floats out, Floats inverseRms) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * dim;
            double squares = 0;
            for (int i = 0; i < dim; i++) {
                double value = x.get(start + i);
                squares += value * value;
            }
            float inverse = (float) (1 / Math.sqrt(squares / dim + epsilon));
            inverseRms.set(row, inverse);
            for (int i = 0; i < dim; i++) {
                out.set(start + i, x.get(start + i) * inverse * gain.get(i));
            }
        }
    }

    @Override
    public void rmsNormBackward(
            Floats x,
            Floats gain,
            Floats inverseRms,
            Floats gradOut,
            int rows,
            int dim,
            Floats gradX,
            Floats gradGain) {
        for (int row = 0; row < rows; row++) {
            long start = (long) row * dim;
            float inverse = inverseRms.get(row);
            double projection = 0;
            for (int i = 0; i < dim; i++) {
                float normed = x.get(start + i) * inverse;
                float gradient = gradOut.get(start + i);
                projection += (double) (gradient * gain.get(i)) * normed;
                gradGain.set(i, gradGain.get(i) + gradient * normed);
            }
            float mean = (float) (projection / dim);
            for (int i = 0; i < dim; i++) {
                float normed = x.get(start + i) * inverse;
                float through = inverse * (gradOut.get(start + i) * gain.get(i) - normed * mean);
                gradX.set(start + i, gradX.get(start + i) + through);
            }
        }
    }

    @Override
    public void rope(AttentionShape shape, RotaryTable table, Floats qkv) {
        rotate(shape, table, qkv, 1);
    }

    @Override
    public void ropeBackward(AttentionShape shape, RotaryTable table, Floats gradQkv) {
        rotate(shape, table, gradQkv, -1);
    }

    private static void rotate(AttentionShape shape, RotaryTable table, Floats rows, float direction) {
        Checks.rope(shape, table, rows);
        int half = shape.headDim() / 2;
        for (int token = 0; token < shape.tokens(); token++) {
            long angles = (long) (token % shape.length()) * half;
            for (int head = 0; head < shape.heads() + shape.kvHeads(); head++) {
                long start = (long) token * shape.rowWidth() + (long) head * shape.headDim();
                for (int j = 0; j < half; j++) {
                    float cosine = table.cosines().get(angles + j);
                    float sine = direction * table.sines().get(angles + j);
                    float first = rows.get(start + j);
                    float second = rows.get(start + half + j);
                    rows.set(start + j, first * cosine - second * sine);
                    rows.set(start + half + j, second * cosine + first * sine);
                }
            }
        }
    }

    @Override
    public void attention(AttentionShape shape, Floats qkv, Floats probabilities, Floats out) {
        Checks.attention(shape, qkv, probabilities, out);
        JavaAttention.forward(shape, qkv, probabilities, out);
    }

    @Override
    public void attentionBackward(
            AttentionShape shape, Floats qkv, Floats probabilities, Floats gradOut, Floats gradQkv, Floats scratch) {
        Checks.attention(shape, qkv, probabilities, gradOut);
        Checks.atLeast("gradient of qkv", gradQkv, (long) shape.tokens() * shape.rowWidth());
        JavaAttention.backward(shape, qkv, probabilities, gradOut, gradQkv);
    }

    @Override
    public void swiGlu(Floats gateUp, int rows, int ffn, Floats out) {
        for (int row = 0; row < rows; row++) {
            long start = 2L * row * ffn;
            for (int i = 0; i < ffn; i++) {
                float gate = gateUp.get(start + i);
                out.set((long) row * ffn + i, gate * sigmoid(gate) * gateUp.get(start + ffn + i));
            }
        }
    }

    @Override
    public void swiGluBackward(Floats gateUp, int rows, int ffn, Floats gradOut) {
        for (int row = 0; row < rows; row++) {
            long start = 2L * row * ffn;
            for (int i = 0; i < ffn; i++) {
                float gate = gateUp.get(start + i);
                float up = gateUp.get(start + ffn + i);
                float sigmoid = sigmoid(gate);
                float silu = gate * sigmoid;
                float gradient = gradOut.get((long) row * ffn + i);
                gateUp.set(start + i, gradient * up * (sigmoid + silu * (1 - sigmoid)));
                gateUp.set(start + ffn + i, gradient * silu);
                gradOut.set((long) row * ffn + i, silu * up);
            }
        }
    }

    private static float sigmoid(float x) {
        return (float) (1 / (1 + StrictMath.exp(-x)));
    }

    @Override
    public void add(Floats sum, Floats term) {
        Checks.atLeast("term", term, sum.length());
        for (long i = 0; i < sum.length(); i++) {
            sum.set(i, sum.get(i) + term.get(i));
        }
    }

    @Override
    public double crossEntropy(Floats logits, int[] targets, int vocabulary) {
        Checks.crossEntropy(logits, targets, vocabulary);
        double loss = 0;
        for (int row = 0; row < targets.length; row++) {
            long start = (long) row * vocabulary;
            loss += logSumExp(logits, start, vocabulary) - logits.get(start + targets[row]);
        }
        return loss / targets.length;
    }

    @Override
    public double crossEntropyBackward(Floats logits, int[] targets, int vocabulary) {
        Checks.crossEntropy(logits, targets, vocabulary);
        double loss = 0;
        for (int row = 0; row < targets.length; row++) {
            long start = (long) row * vocabulary;
            double logSumExp = logSumExp(logits, start, vocabulary);
            loss += logSumExp - logits.get(start + targets[row]);
            for (int i = 0; i < vocabulary; i++) {
                double probability = StrictMath.exp(logits.get(start + i) - logSumExp);
                double hit = i == targets[row] ? 1 : 0;
                logits.set(start + i, (float) ((probability - hit) / targets.length));
            }
        }
        return loss / targets.length;
    }

    private static double logSumExp(Floats logits, long start, int count) {
        float maximum = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < count; i++) {
            maximum = Math.max(maximum, logits.get(start + i));
        }
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += StrictMath.exp((double) logits.get(start + i) - maximum);
        }
        return maximum + StrictMath.log(sum);
    }
}
