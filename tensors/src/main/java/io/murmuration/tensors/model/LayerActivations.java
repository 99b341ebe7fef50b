package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;

/** What one decoder layer leaves behind in its forward pass for its backward pass. {@code T} tokens. */
record LayerActivations(
        /* [T, dim] */ Floats normed,
        /* [T] */ Floats inverseRms,
        /* [T, dim + 2 kvDim] */ Floats queryKeyValue,
        /* [sequences, heads, length, length] */ Floats probabilities,
        /* [T, dim] */ Floats attended,
        /* [T, dim] */ Floats middle,
        /* [T, dim] */ Floats middleNormed,
        /* [T] */ Floats middleInverseRms,
        /* [T, 2 ffn] */ Floats gateUp) {

    static LayerActivations allocate(Arena arena, ModelSpec model, AttentionShape shape) {
        long tokens = shape.tokens();
        return new LayerActivations(
                Floats.allocate(arena, tokens * model.dim()),
                Floats.allocate(arena, tokens),
                Floats.allocate(arena, tokens * shape.rowWidth()),
                Floats.allocate(arena, shape.probabilities()),
                Floats.allocate(arena, tokens * model.dim()),
                Floats.allocate(arena, tokens * model.dim()),
                Floats.allocate(arena, tokens * model.dim()),
                Floats.allocate(arena, tokens),
                Floats.allocate(arena, 2 * tokens * model.ffn()));
    }
}
