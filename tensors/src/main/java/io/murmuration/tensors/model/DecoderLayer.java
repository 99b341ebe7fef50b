package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.RotaryTable;

/**
 * One decoder layer, forward and backward, over {@code T = sequences * length} tokens:
 *
 * <pre>
 * middle = x + attention(norm(x)) Wo^T
 * out    = middle + swiglu(norm(middle) Wgu^T) Wd^T
 * </pre>
 */
record DecoderLayer(Backend backend, ModelSpec model, RotaryTable rotary) {

    /** Reads {@code x [T, dim]}, writes {@code out [T, dim]}, leaves in {@code kept} what the backward pass needs. */
    void forward(
            AttentionShape shape,
            LayerWeights weights,
            Floats x,
            LayerActivations kept,
            Workspace workspace,
            Floats out) {
        int tokens = shape.tokens();
        int dim = model.dim();
        int ffn = model.ffn();
        int width = shape.rowWidth();
        long numbers = (long) tokens * dim;

        backend.rmsNorm(x, weights.inputGain(), tokens, dim, epsilon(), kept.normed(), kept.inverseRms());
        Linear.forward(backend, tokens, width, dim, kept.normed(), weights.queryKeyValue(), 0, kept.queryKeyValue());
        backend.rope(shape, rotary, kept.queryKeyValue());
        backend.attention(shape, kept.queryKeyValue(), kept.probabilities(), kept.attended());
        // The residual is added by the product itself: it accumulates onto a copy.
        kept.middle().slice(0, numbers).copyFrom(x.slice(0, numbers));
        Linear.forward(backend, tokens, dim, dim, kept.attended(), weights.output(), 1, kept.middle());

        backend.rmsNorm(
                kept.middle(),
                weights.postGain(),
                tokens,
                dim,
                epsilon(),
                kept.middleNormed(),
                kept.middleInverseRms());
        Linear.forward(backend, tokens, 2 * ffn, dim, kept.middleNormed(), weights.gateUp(), 0, kept.gateUp());
        backend.swiGlu(kept.gateUp(), tokens, ffn, workspace.activated());
        out.slice(0, numbers).copyFrom(kept.middle().slice(0, numbers));
        Linear.forward(backend, tokens, dim, ffn, workspace.activated(), weights.down(), 1, out);
    }

    /**
     * Turns {@code residual [T, dim]} from the gradient of the layer's output into that of its input {@code x}, and adds to
     * {@code gradient}. Overwrites {@code kept.gateUp}.
     */
    void backward(
            AttentionShape shape,
            LayerWeights weights,
            Floats x,
            LayerActivations kept,
            Workspace workspace,
            Floats residual,
            LayerWeights gradient) {
        int tokens = shape.tokens();
        int dim = model.dim();
        int ffn = model.ffn();
        int width = shape.rowWidth();
        Floats gradNormed = workspace.gradNormed();

        Floats activated = workspace.activated();
        Linear.input(backend, tokens, dim, ffn, residual, weights.down(), activated);
        backend.swiGluBackward(kept.gateUp(), tokens, ffn, activated);
        Linear.weight(backend, tokens, dim, ffn, residual, activated, gradient.down());
        Linear.input(backend, tokens, 2 * ffn, dim, kept.gateUp(), weights.gateUp(), gradNormed);
        Linear.weight(backend, tokens, 2 * ffn, dim, kept.gateUp(), kept.middleNormed(), gradient.gateUp());
        backend.rmsNormBackward(
                kept.middle(),
                weights.postGain(),
                kept.middleInverseRms(),
                gradNormed,
                tokens,
                dim,
                residual,
                gradient.postGain());

        Floats gradAttended = workspace.gradAttended();
        Floats gradQueryKeyValue = workspace.gradQueryKeyValue();
        Linear.input(backend, tokens, dim, dim, residual, weights.output(), gradAttended);
        Linear.weight(backend, tokens, dim, dim, residual, kept.attended(), gradient.output());
        backend.attentionBackward(
                shape,
                kept.queryKeyValue(),
                kept.probabilities(),
                gradAttended,
                gradQueryKeyValue,
                workspace.attentionScratch());
        backend.ropeBackward(shape, rotary, gradQueryKeyValue);
        Linear.input(backend, tokens, width, dim, gradQueryKeyValue, weights.queryKeyValue(), gradNormed);
        Linear.weight(backend, tokens, width, dim, gradQueryKeyValue, kept.normed(), gradient.queryKeyValue());
        backend.rmsNormBackward(
                x, weights.inputGain(), kept.inverseRms(), gradNormed, tokens, dim, residual, gradient.inputGain());
    }

    private float epsilon() {
        return (float) model.rmsEpsilon();
    }
}
