package io.murmuration.tensors.model;

import java.util.Map;
import java.util.TreeMap;

/**
 * The shape of a Llama-style decoder: pre-norm RMSNorm, rotary positions (rotate-half), causal attention with grouped
 * KV heads, SwiGLU, untied head.
 *
 * @param vocabulary number of token ids
 * @param dim width of the residual stream
 * @param layers decoder layers
 * @param heads query heads; {@code dim / heads} is the head's width and must be even (RoPE turns pairs)
 * @param kvHeads key and value heads; must divide {@code heads}
 * @param ffn width of the SwiGLU branch
 * @param sequence tokens per training sequence
 * @param ropeTheta base of the rotary angles
 * @param rmsEpsilon added to the mean square before the root
 */
public record ModelSpec(
        int vocabulary,
        int dim,
        int layers,
        int heads,
        int kvHeads,
        int ffn,
        int sequence,
        double ropeTheta,
        double rmsEpsilon) {

    /** For tests: small enough that a step takes milliseconds on the pure-Java backend. */
    public static final ModelSpec NANO = bytes(32, 3, 4, 88, 32);

    /** The main job's model. */
    public static final ModelSpec TINY = bytes(128, 4, 4, 352, 128);

    public static final ModelSpec SMALL = bytes(384, 6, 6, 1024, 256);

    /** The widths and the depth of GPT-2's smallest model. */
    public static final ModelSpec BASE = bytes(768, 12, 12, 2048, 512);

    private static final Map<String, ModelSpec> PRESETS =
            new TreeMap<>(Map.of("nano", NANO, "tiny", TINY, "small", SMALL, "base", BASE));

    public ModelSpec {
        positive("vocabulary", vocabulary);
        positive("dim", dim);
        positive("layers", layers);
        positive("heads", heads);
        positive("kv-heads", kvHeads);
        positive("ffn", ffn);
        positive("sequence", sequence);
        if (dim % heads != 0 || (dim / heads) % 2 != 0) {
            throw new IllegalArgumentException("dim / heads must be an even whole number, was " + dim + " / " + heads);
        }
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException("kv-heads must divide heads, was " + kvHeads + " and " + heads);
        }
        if (!(ropeTheta > 1) || !(rmsEpsilon > 0)) {
            throw new IllegalArgumentException("rope-theta must be above 1 and rms-epsilon above 0");
        }
    }

    /** The models that have a name. */
    public static Map<String, ModelSpec> presets() {
        return PRESETS;
    }

    public int headDim() {
        return dim / heads;
    }

    public int kvDim() {
        return kvHeads * headDim();
    }

    private static ModelSpec bytes(int dim, int layers, int heads, int ffn, int sequence) {
        return new ModelSpec(256, dim, layers, heads, heads, ffn, sequence, 10_000, 1e-5);
    }

    private static void positive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive, was " + value);
        }
    }
}
