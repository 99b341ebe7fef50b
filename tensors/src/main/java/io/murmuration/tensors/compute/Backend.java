package io.murmuration.tensors.compute;

/**
 * The arithmetic a stage is written against: matrix products and the fused kernels of a Llama-style decoder.
 *
 * <p>All matrices are row-major and dense unless a leading dimension says otherwise. A name that ends in {@code Backward}
 * takes the gradient of its twin's output. Parameters' gradients always accumulate ({@code +=}); where activations'
 * gradients do, the method says so. Every method checks that its arguments are long enough and alive before it touches
 * memory. Implementations hold no state between calls: any number of threads may call at once as long as no two write to
 * the same numbers, and the same call gives the same bits on whichever thread it runs.
 */
public interface Backend {

    /** The name in configuration, for instance {@code nd4j}. */
    String name();

    /**
     * What decides the bits of a result: two backends with equal fingerprints give equal bits for equal inputs.
     *
     * @return one line without spaces
     */
    String fingerprint();

    /**
     * {@code c = alpha * op(a) op(b) + beta * c} with {@code op(a)} of shape {@code [m, k]}, {@code op(b)} of {@code [k, n]}.
     *
     * @param transposeA {@code a} is stored as {@code [k, m]}
     * @param transposeB {@code b} is stored as {@code [n, k]}
     * @param lda numbers between the starts of two stored rows of {@code a}; likewise {@code ldb} and {@code ldc}
     * @param beta 0 overwrites {@code c} whatever it held
     * @throws IllegalArgumentException if a matrix does not fit in its {@link Floats}
     */
    void gemm(
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
            int ldc);

    /** {@code out[i] = table[ids[i]]}; rows of {@code dim} numbers. */
    void embed(Floats table, int dim, int[] ids, Floats out);

    /** {@code gradTable[ids[i]] += gradOut[i]}, in the order of {@code i}. */
    void embedBackward(Floats gradOut, int dim, int[] ids, Floats gradTable);

    /**
     * Root-mean-square norm of every row (Zhang and Sennrich 2019): {@code out = x * inverseRms * gain},
     * {@code inverseRms = 1 / sqrt(mean(x^2) + epsilon)}.
     *
     * @param inverseRms out: one number a row, for the backward pass
     */
    void rmsNorm(Floats x, Floats gain, int rows, int dim, float epsilon, Floats out, Floats inverseRms);

    /** {@code gradX +=} and {@code gradGain +=} the gradients that come through the norm. */
    void rmsNormBackward(
            Floats x, Floats gain, Floats inverseRms, Floats gradOut, int rows, int dim, Floats gradX, Floats gradGain);

    /**
     * Rotary positions in place on the query and key heads of {@code qkv}, in the rotate-half form of Hugging Face Llama:
     * pairs are {@code (j, j + headDim/2)}.
     *
     * @param qkv {@code [tokens, shape.rowWidth()]}
     * @param table cosines and sines of {@link RotaryTable}
     */
    void rope(AttentionShape shape, RotaryTable table, Floats qkv);

    /** The transposed rotation, in place on the gradient. */
    void ropeBackward(AttentionShape shape, RotaryTable table, Floats gradQkv);

    /**
     * Causal softmax attention with grouped KV heads: query head {@code h} reads KV head {@code h / (heads / kvHeads)}.
     *
     * @param qkv {@code [tokens, rowWidth]}, queries and keys already rotated
     * @param probabilities out: {@code shape.probabilities()} numbers that {@link #attentionBackward} needs; what it holds
     *     above the diagonal is not defined
     * @param out {@code [tokens, dim]}
     */
    void attention(AttentionShape shape, Floats qkv, Floats probabilities, Floats out);

    /**
     * Writes (does not accumulate) the gradient of {@code qkv} after rotation.
     *
     * @param scratch at least {@code shape.scratch()} numbers
     */
    void attentionBackward(
            AttentionShape shape, Floats qkv, Floats probabilities, Floats gradOut, Floats gradQkv, Floats scratch);

    /** {@code out = silu(gate) * up}; {@code gateUp} is {@code [rows, 2 * ffn]}, the gate first; {@code out [rows, ffn]}. */
    void swiGlu(Floats gateUp, int rows, int ffn, Floats out);

    /**
     * Gradient of {@link #swiGlu}, in place twice: {@code gateUp} becomes its own gradient, and {@code gradOut} becomes the
     * forward's output again, which the gradient of the down projection needs next and which is cheap here.
     */
    void swiGluBackward(Floats gateUp, int rows, int ffn, Floats gradOut);

    /** {@code sum += term} over all of {@code sum}. */
    void add(Floats sum, Floats term);

    /**
     * Mean cross-entropy of softmax over rows of {@code vocabulary} logits, one row per target. {@code logits} may be used
     * as scratch and is not defined afterwards.
     *
     * @return nats per row
     */
    double crossEntropy(Floats logits, int[] targets, int vocabulary);

    /**
     * As {@link #crossEntropy}; {@code logits} becomes the gradient of the mean.
     *
     * @return nats per row
     */
    double crossEntropyBackward(Floats logits, int[] targets, int vocabulary);
}
