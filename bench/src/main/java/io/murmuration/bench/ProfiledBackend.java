package io.murmuration.bench;

import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.RotaryTable;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.DoubleSupplier;

/** Another backend with a clock around every call: where a pass spends its time, and how fast its products are. */
final class ProfiledBackend implements Backend {

    /** What the calls are counted under. */
    enum Kind {
        PRODUCTS("matrix products"),
        ATTENTION("attention, its products too"),
        SWIGLU("SwiGLU"),
        NORMS("RMS norms"),
        ROPE("rotary positions"),
        LOSS("cross-entropy"),
        EMBEDDING("embedding, additions");

        final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    private final Backend backend;
    private final Map<Kind, LongAdder> nanos = new EnumMap<>(Kind.class);
    private final LongAdder productOperations = new LongAdder();

    ProfiledBackend(Backend backend) {
        this.backend = backend;
        reset();
    }

    /** Forgets what was counted; no call may be under way. */
    void reset() {
        for (Kind kind : Kind.values()) {
            nanos.put(kind, new LongAdder());
        }
        productOperations.reset();
    }

    /** Time in all calls of a kind, summed over threads. */
    long nanos(Kind kind) {
        return nanos.get(kind).sum();
    }

    /** Multiplications and additions of the matrix products, without those of attention. */
    long productOperations() {
        return productOperations.sum();
    }

    private void timed(Kind kind, Runnable work) {
        long start = System.nanoTime();
        work.run();
        nanos.get(kind).add(System.nanoTime() - start);
    }

    private double timed(Kind kind, DoubleSupplier work) {
        long start = System.nanoTime();
        double result = work.getAsDouble();
        nanos.get(kind).add(System.nanoTime() - start);
        return result;
    }

    @Override
    public String name() {
        return backend.name();
    }

    @Override
    public String fingerprint() {
        return backend.fingerprint();
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
        timed(Kind.PRODUCTS, () -> backend.gemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc));
        productOperations.add(2L * m * n * k);
    }

    @Override
    public void embed(Floats table, int dim, int[] ids, Floats out) {
        timed(Kind.EMBEDDING, () -> backend.embed(table, dim, ids, out));
    }

    @Override
    public void embedBackward(Floats gradOut, int dim, int[] ids, Floats gradTable) {
        timed(Kind.EMBEDDING, () -> backend.embedBackward(gradOut, dim, ids, gradTable));
    }

    @Override
    public void rmsNorm(Floats x, Floats gain, int rows, int dim, float epsilon, Floats out, Floats inverseRms) {
        timed(Kind.NORMS, () -> backend.rmsNorm(x, gain, rows, dim, epsilon, out, inverseRms));
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
        timed(Kind.NORMS, () -> backend.rmsNormBackward(x, gain, inverseRms, gradOut, rows, dim, gradX, gradGain));
    }

    @Override
    public void rope(AttentionShape shape, RotaryTable table, Floats qkv) {
        timed(Kind.ROPE, () -> backend.rope(shape, table, qkv));
    }

    @Override
    public void ropeBackward(AttentionShape shape, RotaryTable table, Floats gradQkv) {
        timed(Kind.ROPE, () -> backend.ropeBackward(shape, table, gradQkv));
    }

    @Override
    public void attention(AttentionShape shape, Floats qkv, Floats probabilities, Floats out) {
        timed(Kind.ATTENTION, () -> backend.attention(shape, qkv, probabilities, out));
    }

    @Override
    public void attentionBackward(
            AttentionShape shape, Floats qkv, Floats probabilities, Floats gradOut, Floats gradQkv, Floats scratch) {
        timed(Kind.ATTENTION, () -> backend.attentionBackward(shape, qkv, probabilities, gradOut, gradQkv, scratch));
    }

    @Override
    public void swiGlu(Floats gateUp, int rows, int ffn, Floats out) {
        timed(Kind.SWIGLU, () -> backend.swiGlu(gateUp, rows, ffn, out));
    }

    @Override
    public void swiGluBackward(Floats gateUp, int rows, int ffn, Floats gradOut) {
        timed(Kind.SWIGLU, () -> backend.swiGluBackward(gateUp, rows, ffn, gradOut));
    }

    @Override
    public void add(Floats sum, Floats term) {
        timed(Kind.EMBEDDING, () -> backend.add(sum, term));
    }

    @Override
    public double crossEntropy(Floats logits, int[] targets, int vocabulary) {
        return timed(Kind.LOSS, () -> backend.crossEntropy(logits, targets, vocabulary));
    }

    @Override
    public double crossEntropyBackward(Floats logits, int[] targets, int vocabulary) {
        return timed(Kind.LOSS, () -> backend.crossEntropyBackward(logits, targets, vocabulary));
    }
}
