package io.murmuration.tensors.model;

import java.util.Map;
import java.util.TreeMap;

/**
 * The shape of a Llama-style decoder: pre-norm RMSNorm, rotary positions (rotate-half), causal attention with grouped
 * KV heads, SwiGLU, a head of its own or the embedding's.
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
 * @param tiedHead the token embedding is also the head: one matrix, which must live in one stage
 * @param subspace 0, or the width of the subspace that everything lies in that is added to the residual stream
 *     ({@link Subspace}): numbers a token that cross a stage boundary
 * @param branchGain whether each channel of what a branch adds to the residual stream has a trained gain (LayerScale, Touvron
 *     et al. 2021, arXiv 2103.17239, equation 4; from 1 here, as in a Llama)
 * @param subspaceRefresh 0: the basis of the subspace is fixed. Else steps between two moves of it ({@link GrassmannStep}): the
 *     basis is then kept with the parameters, in the one stage there may be
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
        double rmsEpsilon,
        boolean tiedHead,
        int subspace,
        boolean branchGain,
        int subspaceRefresh) {

    /** For tests: small enough that a step takes milliseconds on the pure-Java backend. */
    public static final ModelSpec NANO = bytes(32, 3, 4, 88, 32);

    /** The main job's model. */
    public static final ModelSpec TINY = bytes(128, 4, 4, 352, 128);

    public static final ModelSpec SMALL = bytes(384, 6, 6, 1024, 256);

    /** The widths and the depth of GPT-2's smallest model. */
    public static final ModelSpec BASE = bytes(768, 12, 12, 2048, 512);

    /** The widths and the depth of Llama 3.2 1B (its published head is tied). */
    public static final ModelSpec LLAMA_1B = llama3(2048, 16, 8192);

    /** The widths and the depth of Llama 3 8B (arXiv 2407.21783, table 3). */
    public static final ModelSpec LLAMA_8B = llama3(4096, 32, 14_336);

    private static final Map<String, ModelSpec> PRESETS = new TreeMap<>(Map.of(
            "nano", NANO, "tiny", TINY, "small", SMALL, "base", BASE, "llama-1b", LLAMA_1B, "llama-8b", LLAMA_8B));

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
        if (subspace < 0 || subspace > dim) {
            throw new IllegalArgumentException("subspace must be 0 to dim, was " + subspace + " with dim " + dim);
        }
        if (subspace > 0 && tiedHead) {
            throw new IllegalArgumentException(
                    "subspace needs a head of its own: rows of a tied head are the embedding's, a part of which is fixed");
        }
        if (subspaceRefresh < 0 || subspaceRefresh > 0 && subspace == 0) {
            throw new IllegalArgumentException("subspace-refresh must be 0, or above with a subspace, was "
                    + subspaceRefresh + " with subspace " + subspace);
        }
        if (!(ropeTheta > 1) || !(rmsEpsilon > 0)) {
            throw new IllegalArgumentException("rope-theta must be above 1 and rms-epsilon above 0");
        }
    }

    /** With a head of its own. */
    public ModelSpec(
            int vocabulary,
            int dim,
            int layers,
            int heads,
            int kvHeads,
            int ffn,
            int sequence,
            double ropeTheta,
            double rmsEpsilon) {
        this(vocabulary, dim, layers, heads, kvHeads, ffn, sequence, ropeTheta, rmsEpsilon, false, 0, false, 0);
    }

    /** The models that have a name. */
    public static Map<String, ModelSpec> presets() {
        return PRESETS;
    }

    /** The same with a tied head or a head of its own. */
    public ModelSpec withTiedHead(boolean tied) {
        return with(sequence, tied, subspace, branchGain, subspaceRefresh);
    }

    /** The same on sequences of another length. */
    public ModelSpec withSequence(int tokens) {
        return with(tokens, tiedHead, subspace, branchGain, subspaceRefresh);
    }

    /** The same within a subspace of so many dimensions, 0 for none; a fixed one. */
    public ModelSpec withSubspace(int rank) {
        return with(sequence, tiedHead, rank, branchGain, 0);
    }

    /** The same with a subspace that moves every so many steps, 0 for never. */
    public ModelSpec withSubspaceRefresh(int steps) {
        return with(sequence, tiedHead, subspace, branchGain, steps);
    }

    /** The same with gains of its branches, or without. */
    public ModelSpec withBranchGain(boolean gain) {
        return with(sequence, tiedHead, subspace, gain, subspaceRefresh);
    }

    private ModelSpec with(int tokens, boolean tied, int rank, boolean gain, int refresh) {
        return new ModelSpec(
                vocabulary, dim, layers, heads, kvHeads, ffn, tokens, ropeTheta, rmsEpsilon, tied, rank, gain, refresh);
    }

    /** The Llama as everybody knows it that can compute the same: in no subspace, gains multiplied into the matrices. */
    public ModelSpec ordinary() {
        return withSubspace(0).withBranchGain(false);
    }

    /** Numbers a token that are added to the residual stream by a branch, and that cross a stage boundary. */
    public int boundaryWidth() {
        return subspace > 0 ? subspace : dim;
    }

    /** Numbers in the whole model. */
    public long parameters() {
        return ParameterLayout.of(this, StagePlan.of(layers, 1).slice(0)).length();
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

    private static ModelSpec llama3(int dim, int layers, int ffn) {
        return new ModelSpec(128_256, dim, layers, 32, 8, ffn, 8192, 500_000, 1e-5);
    }

    private static void positive(String name, int value) {
        if (value <= 0) {
            throw new IllegalArgumentException(name + " must be positive, was " + value);
        }
    }
}
