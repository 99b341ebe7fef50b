package io.murmuration.tensors.model;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.RotaryTable;
import java.util.Optional;

/**
 * One decoder layer, forward and backward, over {@code T = sequences * length} tokens:
 *
 * <pre>
 * middle = x + attention(norm(x)) Wo^T
 * out    = middle + swiglu(norm(middle) Wgu^T) Wd^T
 * </pre>
 *
 * In a {@link Subspace} of the basis {@code U} both branches end with {@code Zo^T U^T} and {@code Zd^T U^T}.
 */
record DecoderLayer(Backend backend, ModelSpec model, RotaryTable rotary, Optional<SubspaceBoundary> subspace) {

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
        addBranch(tokens, dim, kept.attended(), weights.output(), workspace, kept.middle());

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
        addBranch(tokens, ffn, workspace.activated(), weights.down(), workspace, out);
    }

    /** {@code y += x W^T}, or in a subspace {@code y += x Z^T U^T}. */
    private void addBranch(int tokens, int in, Floats x, Floats weight, Workspace workspace, Floats y) {
        if (subspace.isEmpty()) {
            Linear.forward(backend, tokens, model.dim(), in, x, weight, 1, y);
        } else {
            Floats coordinates = workspace.coordinates(tokens);
            Linear.forward(backend, tokens, model.subspace(), in, x, weight, 0, coordinates);
            subspace.get().add(coordinates, y.slice(0, (long) tokens * model.dim()));
        }
    }

    /** The gradient of what a branch's last projection gives: the residual's, or in a subspace its coordinates there. */
    private Floats ofBranch(int tokens, Floats residual, Workspace workspace) {
        if (subspace.isEmpty()) {
            return residual;
        }
        Floats coordinates = workspace.coordinates(tokens);
        subspace.get().projectGradient(residual.slice(0, (long) tokens * model.dim()), coordinates);
        return coordinates;
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
        int branch = model.boundaryWidth();
        Floats gradNormed = workspace.gradNormed();

        Floats activated = workspace.activated();
        Floats gradDown = ofBranch(tokens, residual, workspace);
        Linear.input(backend, tokens, branch, ffn, gradDown, weights.down(), activated);
        backend.swiGluBackward(kept.gateUp(), tokens, ffn, activated);
        Linear.weight(backend, tokens, branch, ffn, gradDown, activated, gradient.down());
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
        Floats gradOutput = ofBranch(tokens, residual, workspace);
        Linear.input(backend, tokens, branch, dim, gradOutput, weights.output(), gradAttended);
        Linear.weight(backend, tokens, branch, dim, gradOutput, kept.attended(), gradient.output());
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
