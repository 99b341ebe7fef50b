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
 * In a {@link Subspace} of the basis {@code U} both branches end with {@code Zo^T U^T} and {@code Zd^T U^T}. With
 * {@link ModelSpec#branchGain} each channel of what a branch adds is multiplied by a gain of its own.
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
        addBranch(tokens, dim, kept.attended(), weights.output(), weights.outputGain(), workspace, kept.middle());

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
        addBranch(tokens, ffn, workspace.activated(), weights.down(), weights.downGain(), workspace, out);
    }

    /** {@code y += (x W^T) gain}. */
    private void addBranch(int tokens, int in, Floats x, Floats weight, Floats gain, Workspace workspace, Floats y) {
        if (model.branchGain()) {
            BranchGain.add(project(tokens, in, x, weight, workspace), gain, y);
        } else {
            addProjection(tokens, in, x, weight, workspace, y);
        }
    }

    /** {@code x W^T}, in the workspace. */
    private Floats project(int tokens, int in, Floats x, Floats weight, Workspace workspace) {
        Floats branch = workspace.branch((long) tokens * model.dim());
        branch.clear();
        addProjection(tokens, in, x, weight, workspace, branch);
        return branch;
    }

    /** {@code y += x W^T}, or in a subspace {@code y += x Z^T U^T}. */
    private void addProjection(int tokens, int in, Floats x, Floats weight, Workspace workspace, Floats y) {
        if (subspace.isEmpty()) {
            Linear.forward(backend, tokens, model.dim(), in, x, weight, 1, y);
        } else {
            Floats coordinates = workspace.coordinates(tokens);
            Linear.forward(backend, tokens, model.subspace(), in, x, weight, 0, coordinates);
            subspace.get().add(coordinates, y.slice(0, (long) tokens * model.dim()));
        }
    }

    /**
     * The gradient of what a branch's last projection gives: the residual's, times the gain if there is one, or in a subspace the
     * coordinates of that.
     */
    private Floats ofBranch(int tokens, Floats residual, Floats gain, Workspace workspace) {
        long numbers = (long) tokens * model.dim();
        Floats branch = residual.slice(0, numbers);
        if (model.branchGain()) {
            branch = workspace.branch(numbers);
            BranchGain.multiply(residual.slice(0, numbers), gain, branch);
        }
        if (subspace.isEmpty()) {
            return branch;
        }
        Floats coordinates = workspace.coordinates(tokens);
        subspace.get().projectGradient(branch, coordinates);
        return coordinates;
    }

    /** Adds to the gradient of a gain; what the branch added is computed once more rather than kept for every layer. */
    private void gainBackward(
            int tokens, int in, Floats x, Floats weight, Workspace workspace, Floats residual, Floats gradientOfGain) {
        if (model.branchGain()) {
            Floats branch = project(tokens, in, x, weight, workspace);
            BranchGain.gradient(residual.slice(0, branch.length()), branch, gradientOfGain);
        }
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
        Floats gradDown = ofBranch(tokens, residual, weights.downGain(), workspace);
        Linear.input(backend, tokens, branch, ffn, gradDown, weights.down(), activated);
        backend.swiGluBackward(kept.gateUp(), tokens, ffn, activated);
        Linear.weight(backend, tokens, branch, ffn, gradDown, activated, gradient.down());
        gainBackward(tokens, ffn, activated, weights.down(), workspace, residual, gradient.downGain());
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
        Floats gradOutput = ofBranch(tokens, residual, weights.outputGain(), workspace);
        Linear.input(backend, tokens, branch, dim, gradOutput, weights.output(), gradAttended);
        Linear.weight(backend, tokens, branch, dim, gradOutput, kept.attended(), gradient.output());
        gainBackward(tokens, dim, kept.attended(), weights.output(), workspace, residual, gradient.outputGain());
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
