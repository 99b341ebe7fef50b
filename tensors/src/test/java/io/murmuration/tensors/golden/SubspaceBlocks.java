package io.murmuration.tensors.golden;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.RotaryTable;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Two stages of one layer each with a {@link SubspaceBoundary} between them: stage 1 is the embedding {@code T_fixed[id] +
 * E_s[id] U^T} and layer 0, stage 2 is layer 1. Weights and sizes are those of a {@link GoldenCase}.
 */
final class SubspaceBlocks {

    /** What one run gives; {@code gradients} by the names of the weights. */
    record Run(float[] output, float[] gradientAtCut, Map<String, float[]> gradients) {}

    private static final double THETA = 10000;

    private final Arena arena;
    private final Backend backend;
    private final GoldenCase weights;
    private final AttentionShape shape;
    private final int rank;
    private final int ffn;
    private final int[] ids;
    private final Floats basis;
    private final SubspaceBoundary boundary;
    private final Map<String, Floats> gradients = new LinkedHashMap<>();
    private final List<List<SubspaceBranch>> layers;

    SubspaceBlocks(Arena arena, Backend backend, GoldenCase weights, String mode) {
        this.arena = arena;
        this.backend = backend;
        this.weights = weights;
        JsonNode params = weights.params();
        int dim = params.path("d").intValue();
        int heads = params.path("heads").intValue();
        rank = params.path("k").intValue();
        ffn = params.path("ffn").intValue();
        shape = new AttentionShape(params.path("B").intValue(), params.path("S").intValue(), heads, heads, dim / heads);
        ids = weights.ids("input_ids");
        basis = Floats.of(arena, weights.floats("U"));
        boundary = new SubspaceBoundary(backend, basis, dim, rank);
        gradients.put("E_s", Floats.allocate(arena, weights.floats("E_s").length));
        layers = List.of(layer(0, mode), layer(1, mode));
    }

    SubspaceBoundary boundary() {
        return boundary;
    }

    Floats activations() {
        return Floats.allocate(arena, (long) shape.tokens() * shape.dim());
    }

    Floats projections() {
        return Floats.allocate(arena, (long) shape.tokens() * rank);
    }

    /** {@code R}, which both stages know from the ids. */
    Floats known() {
        Floats known = activations();
        backend.embed(Floats.of(arena, weights.floats("T_fixed")), shape.dim(), ids, known);
        return known;
    }

    /** Stage 1, forward: {@code X1}. */
    Floats sent() {
        Floats coordinates = projections();
        Floats x = activations();
        backend.embed(Floats.of(arena, weights.floats("E_s")), rank, ids, coordinates);
        boundary.rebuild(coordinates, known(), x);
        layers.getFirst().forEach(branch -> branch.forward(x));
        return x;
    }

    /** {@code X1} through the boundary, as stage 2 gets it. */
    Floats received(Floats sent) {
        Floats z = projections();
        Floats received = activations();
        boundary.project(sent, known(), activations(), z);
        boundary.rebuild(z, known(), received);
        return received;
    }

    /** Stage 1, the cut, stage 2, and back. */
    Run run(boolean compressed) {
        gradients.values().forEach(Floats::clear);
        Floats sent = sent();
        Floats x = activations();
        x.copyFrom(compressed ? received(sent) : sent);
        layers.getLast().forEach(branch -> branch.forward(x));
        Floats residual = activations();
        residual.copyFrom(weights.floats("grad_output"));
        layers.getLast().reversed().forEach(branch -> branch.backward(residual));
        float[] gradientAtCut = residual.toArray();
        Floats coordinates = projections();
        if (compressed) {
            boundary.projectGradient(residual, coordinates);
            boundary.rebuildGradient(coordinates, residual);
        }
        layers.getFirst().reversed().forEach(branch -> branch.backward(residual));
        boundary.projectGradient(residual, coordinates);
        backend.embedBackward(coordinates, rank, ids, gradients.get("E_s"));
        Map<String, float[]> copies = new LinkedHashMap<>();
        gradients.forEach((name, gradient) -> copies.put(name, gradient.toArray()));
        return new Run(x.toArray(), gradientAtCut, copies);
    }

    private List<SubspaceBranch> layer(int index, String mode) {
        String prefix = "layers." + index + ".";
        int tokens = shape.tokens();
        RotaryTable rotary = RotaryTable.of(arena, shape.length(), shape.headDim(), THETA);
        SubspaceBranch.Weight queryKeyValue = weight(prefix, "q", "k", "v");
        SubspaceBranch.Weight gateUp = weight(prefix, "gate", "up");
        return List.of(
                branch(
                        mode,
                        SubspaceBranch.Attention.of(arena, backend, shape, rotary, queryKeyValue),
                        prefix + "norm1",
                        weight(prefix, "o_z")),
                branch(
                        mode,
                        SubspaceBranch.FeedForward.of(arena, backend, tokens, ffn, gateUp),
                        prefix + "norm2",
                        weight(prefix, "down_z")));
    }

    private SubspaceBranch branch(String mode, SubspaceBranch.Mixer mixer, String gain, SubspaceBranch.Weight output) {
        boolean normBefore =
                switch (mode) {
                    case "pre_norm" -> true;
                    case "post_norm", "post_norm_gain" -> false;
                    default -> throw new AssertionError("no such mode of a subspace block: " + mode);
                };
        SubspaceBranch.Weight scale = mode.equals("post_norm") ? ones() : weight("", gain);
        return new SubspaceBranch(arena, backend, basis, shape.tokens(), shape.dim(), normBefore, mixer, scale, output);
    }

    /** No gain: ones whose gradient nobody asks for. */
    private SubspaceBranch.Weight ones() {
        float[] ones = new float[shape.dim()];
        Arrays.fill(ones, 1);
        return new SubspaceBranch.Weight(Floats.of(arena, ones), Floats.allocate(arena, ones.length));
    }

    /** Matrices one below the other; the gradient of each is a view of one run of numbers. */
    private SubspaceBranch.Weight weight(String prefix, String... names) {
        long length = 0;
        for (String name : names) {
            length += weights.floats(prefix + name).length;
        }
        Floats value = Floats.allocate(arena, length);
        Floats gradient = Floats.allocate(arena, length);
        long at = 0;
        for (String name : names) {
            float[] part = weights.floats(prefix + name);
            value.slice(at, part.length).copyFrom(part);
            gradients.put(prefix + name, gradient.slice(at, part.length));
            at += part.length;
        }
        return new SubspaceBranch.Weight(value, gradient);
    }
}
