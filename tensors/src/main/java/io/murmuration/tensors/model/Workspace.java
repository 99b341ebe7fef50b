package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Scratch memory of one stage for one compute thread at a time: allocated once, used by every call, released by
 * {@link #close}. What it holds between calls has no meaning.
 */
public final class Workspace implements AutoCloseable {

    private final Arena arena;
    private final int sequences;
    private final List<Floats> hidden = new ArrayList<>();
    private final List<LayerActivations> layers = new ArrayList<>();
    private final Floats finalNormed;
    private final Floats finalInverseRms;
    private final Floats logits;
    private final Floats residual;
    private final Floats gradNormed;
    private final Floats gradAttended;
    private final Floats gradQueryKeyValue;
    private final Floats activated;
    private final Floats attentionScratch;
    private final int width;
    private final Floats coordinates;
    private final Floats known;
    private final Floats branch;

    Workspace(ModelSpec model, StagePlan.Slice slice, int sequences) {
        this(Arena.ofShared(), model, slice, sequences);
    }

    private Workspace(Arena arena, ModelSpec model, StagePlan.Slice slice, int sequences) {
        this.arena = arena;
        if (sequences < 1) {
            throw new IllegalArgumentException("a workspace needs at least 1 sequence, was " + sequences);
        }
        this.sequences = sequences;
        AttentionShape shape =
                new AttentionShape(sequences, model.sequence(), model.heads(), model.kvHeads(), model.headDim());
        long tokens = shape.tokens();
        long numbers = tokens * model.dim();
        for (int layer = 0; layer < slice.layers(); layer++) {
            layers.add(LayerActivations.allocate(arena, model, shape));
        }
        for (int layer = 0; layer <= slice.layers(); layer++) {
            hidden.add(Floats.allocate(arena, numbers));
        }
        finalNormed = Floats.allocate(arena, slice.last() ? numbers : 0);
        finalInverseRms = Floats.allocate(arena, slice.last() ? tokens : 0);
        logits = Floats.allocate(arena, slice.last() ? tokens * model.vocabulary() : 0);
        residual = Floats.allocate(arena, numbers);
        gradNormed = Floats.allocate(arena, numbers);
        gradAttended = Floats.allocate(arena, numbers);
        gradQueryKeyValue = Floats.allocate(arena, tokens * shape.rowWidth());
        activated = Floats.allocate(arena, tokens * model.ffn());
        attentionScratch = Floats.allocate(arena, shape.scratch());
        width = model.boundaryWidth();
        coordinates = Floats.allocate(arena, model.subspace() > 0 ? tokens * width : 0);
        known = Floats.allocate(arena, model.subspace() > 0 ? numbers : 0);
        branch = Floats.allocate(arena, model.branchGain() ? numbers : 0);
    }

    /** Bytes that a workspace would take; nothing is allocated. */
    public static long bytes(ModelSpec model, StagePlan.Slice slice, int sequences) {
        CountingArena counter = new CountingArena();
        new Workspace(counter, model, slice, sequences).close();
        return counter.bytes();
    }

    /** Sequences it has room for; calls may use fewer. */
    public int sequences() {
        return sequences;
    }

    /** {@code [T, dim]} before layer {@code index} of the stage; the last one is the stage's output. */
    Floats hidden(int index) {
        return hidden.get(index);
    }

    LayerActivations layer(int index) {
        return layers.get(index);
    }

    Floats finalNormed() {
        return finalNormed;
    }

    Floats finalInverseRms() {
        return finalInverseRms;
    }

    Floats logits() {
        return logits;
    }

    /** {@code [T, dim]}: the gradient that flows along the residual stream. */
    Floats residual() {
        return residual;
    }

    Floats gradNormed() {
        return gradNormed;
    }

    Floats gradAttended() {
        return gradAttended;
    }

    Floats gradQueryKeyValue() {
        return gradQueryKeyValue;
    }

    /** {@code [T, ffn]}. */
    Floats activated() {
        return activated;
    }

    Floats attentionScratch() {
        return attentionScratch;
    }

    /** {@code [T, subspace]}; only in a model with a subspace. */
    Floats coordinates(int tokens) {
        return coordinates.slice(0, (long) tokens * width);
    }

    /** {@code [T, dim]}: the fixed rows of the tokens' embeddings; only in a model with a subspace. */
    Floats known() {
        return known;
    }

    /** {@code [T, dim]}: what a branch adds before its gain, or the gradient of that; only in a model with such gains. */
    Floats branch(long numbers) {
        return branch.slice(0, numbers);
    }

    @Override
    public void close() {
        arena.close();
    }
}
