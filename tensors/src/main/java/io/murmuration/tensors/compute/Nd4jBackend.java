package io.murmuration.tensors.compute;

import static io.murmuration.tensors.compute.Lanes.address;

import org.nd4j.linalg.factory.Nd4j;

/**
 * ND4J's native BLAS for matrix products, one thread per call, and the JDK's Vector API on the same off-heap memory for
 * everything else. Built with ND4J for CUDA, large products go to the device and the rest stays here. Equal bits on
 * machines whose {@link #fingerprint} is equal.
 */
final class Nd4jBackend implements Backend {

    private static final int F = Float.BYTES;

    private static Backend instance;

    private final String fingerprint;
    private final boolean onDevice;

    private Nd4jBackend() {
        onDevice = CudaDriver.builtIn();
        // Asked before anything of ND4J is loaded.
        String device = "";
        if (onDevice) {
            device = "/" + CudaDevice.requireSupported(CudaDriver.firstDevice());
            CudaDriver.requireRuntime();
        }
        String expected = onDevice ? "JCublasBackend" : "CpuBackend";
        String backend = Nd4j.getBackend().getClass().getSimpleName();
        if (!backend.equals(expected)) {
            throw new IllegalStateException("ND4J must run on its " + expected + ", it chose " + backend);
        }
        // Without a device only the BLAS of ND4J's libraries computes here. The leading number changes with the kernels
        // of this package.
        fingerprint = ("nd4j-1/" + Blas.description() + "/lanes" + Lanes.WIDTH + device).replace(' ', '_');
    }

    /**
     * Native libraries are loaded once in a process; the first call takes seconds. Not by a holder class: what it throws
     * would reach the user as an error of initialisation.
     */
    static synchronized Backend instance() {
        if (instance == null) {
            instance = new Nd4jBackend();
        }
        return instance;
    }

    @Override
    public String name() {
        return "nd4j";
    }

    @Override
    public String fingerprint() {
        return fingerprint;
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
        if (onDevice && (long) m * n * k >= ArrayProducts.WORTH_COPYING) {
            ArrayProducts.gemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
            return;
        }
        Blas.sgemm(transposeA, transposeB, m, n, k, alpha, a.segment(), lda, b.segment(), ldb, beta, c.segment(), ldc);
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
        long from = address("gradient of the embeddings", gradOut, (long) ids.length * dim);
        long to = address("gradient of the table", gradTable, gradTable.length());
        for (int row = 0; row < ids.length; row++) {
            VectorKernels.add(to + (long) ids[row] * dim * F, from + (long) row * dim * F, dim);
        }
    }

    @Override
    public void rmsNorm(Floats x, Floats gain, int rows, int dim, float epsilon, Floats out, Floats inverseRms) {
        long numbers = (long) rows * dim;
        long from = address("x", x, numbers);
        long gains = address("gain", gain, dim);
        long to = address("out", out, numbers);
        long inverse = address("inverseRms", inverseRms, rows);
        for (int row = 0; row < rows; row++) {
            long at = (long) row * dim * F;
            VectorKernels.rmsNormRow(from + at, gains, dim, epsilon, to + at, inverse + (long) row * F);
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
        long numbers = (long) rows * dim;
        long from = address("x", x, numbers);
        long gains = address("gain", gain, dim);
        long inverse = address("inverseRms", inverseRms, rows);
        long out = address("gradOut", gradOut, numbers);
        long to = address("gradX", gradX, numbers);
        long gradGains = address("gradGain", gradGain, dim);
        for (int row = 0; row < rows; row++) {
            long at = (long) row * dim * F;
            VectorKernels.rmsNormBackwardRow(
                    from + at, gains, Lanes.get(inverse + (long) row * F), out + at, dim, to + at, gradGains);
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
        long start = address("qkv", rows, (long) shape.tokens() * shape.rowWidth());
        long cosines = address("cosines", table.cosines(), (long) shape.length() * half);
        long sines = address("sines", table.sines(), (long) shape.length() * half);
        int turned = shape.heads() + shape.kvHeads();
        for (int token = 0; token < shape.tokens(); token++) {
            long angles = (long) (token % shape.length()) * half * F;
            long row = start + (long) token * shape.rowWidth() * F;
            for (int head = 0; head < turned; head++) {
                long at = row + (long) head * shape.headDim() * F;
                VectorKernels.rotateHead(at, cosines + angles, sines + angles, half, direction);
            }
        }
    }

    @Override
    public void attention(AttentionShape shape, Floats qkv, Floats probabilities, Floats out) {
        Checks.attention(shape, qkv, probabilities, out);
        BlasAttention.forward(
                shape, address("qkv", qkv, 0), address("probabilities", probabilities, 0), address("out", out, 0));
    }

    @Override
    public void attentionBackward(
            AttentionShape shape, Floats qkv, Floats probabilities, Floats gradOut, Floats gradQkv, Floats scratch) {
        Checks.attention(shape, qkv, probabilities, gradOut);
        BlasAttention.backward(
                shape,
                address("qkv", qkv, 0),
                address("probabilities", probabilities, 0),
                address("gradOut", gradOut, 0),
                address("gradient of qkv", gradQkv, (long) shape.tokens() * shape.rowWidth()),
                address("scratch", scratch, shape.scratch()));
    }

    @Override
    public void swiGlu(Floats gateUp, int rows, int ffn, Floats out) {
        long from = address("gateUp", gateUp, 2L * rows * ffn);
        long to = address("out", out, (long) rows * ffn);
        for (int row = 0; row < rows; row++) {
            long gate = from + 2L * row * ffn * F;
            VectorKernels.swiGluRow(gate, gate + (long) ffn * F, ffn, to + (long) row * ffn * F);
        }
    }

    @Override
    public void swiGluBackward(Floats gateUp, int rows, int ffn, Floats gradOut) {
        long from = address("gateUp", gateUp, 2L * rows * ffn);
        long out = address("gradOut", gradOut, (long) rows * ffn);
        for (int row = 0; row < rows; row++) {
            long gate = from + 2L * row * ffn * F;
            VectorKernels.swiGluBackwardRow(gate, gate + (long) ffn * F, ffn, out + (long) row * ffn * F);
        }
    }

    @Override
    public void add(Floats sum, Floats term) {
        VectorKernels.add(address("sum", sum, sum.length()), address("term", term, sum.length()), sum.length());
    }

    @Override
    public double crossEntropy(Floats logits, int[] targets, int vocabulary) {
        return crossEntropy(logits, targets, vocabulary, false);
    }

    @Override
    public double crossEntropyBackward(Floats logits, int[] targets, int vocabulary) {
        return crossEntropy(logits, targets, vocabulary, true);
    }

    private static double crossEntropy(Floats logits, int[] targets, int vocabulary, boolean backward) {
        Checks.crossEntropy(logits, targets, vocabulary);
        long start = address("logits", logits, 0);
        double loss = 0;
        for (int row = 0; row < targets.length; row++) {
            long at = start + (long) row * vocabulary * F;
            long hit = at + (long) targets[row] * F;
            float target = Lanes.get(hit);
            float maximum = VectorSoftmax.maximum(at, vocabulary);
            float sum = VectorSoftmax.exponentials(at, vocabulary, maximum);
            loss += (double) maximum - target + StrictMath.log(sum);
            if (backward) {
                VectorSoftmax.scale(at, vocabulary, 1 / sum / targets.length);
                Lanes.set(hit, Lanes.get(hit) - 1f / targets.length);
            }
        }
        return loss / targets.length;
    }
}
