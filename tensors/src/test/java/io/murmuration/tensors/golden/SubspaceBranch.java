package io.murmuration.tensors.golden;

import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.RotaryTable;
import java.lang.foreign.Arena;

/**
 * One branch of a layer whose output projection is {@code (h Z) U^T}, made of the backend's kernels; {@code T} tokens.
 *
 * <pre>
 * norm before:  out = x + (mix(rms(x) gain) Z) U^T
 * norm after:   out = x + rms((mix(x) Z) U^T) gain
 * </pre>
 */
final class SubspaceBranch {

    /** What is between the norm and the output projection: {@code [T, dim]} to {@code [T, width]}. */
    interface Mixer {

        /** Numbers a token that go into the output projection. */
        int width();

        void forward(Floats in, Floats mixed);

        /** Writes the gradient of {@code in}, adds to those of the weights; {@code gradMixed} may be overwritten. */
        void backward(Floats in, Floats gradMixed, Floats gradIn);
    }

    /** Numbers and their gradient. */
    record Weight(Floats value, Floats gradient) {}

    static final float EPSILON = 1e-5f;

    private final Backend backend;
    private final Floats basis;
    private final int tokens;
    private final int dim;
    private final int rank;
    private final boolean normBefore;
    private final Mixer mixer;
    private final Weight gain;
    private final Weight output;
    private final Floats x;
    private final Floats normed;
    private final Floats mixed;
    private final Floats coordinates;
    private final Floats added;
    private final Floats inverseRms;

    SubspaceBranch(
            Arena arena,
            Backend backend,
            Floats basis,
            int tokens,
            int dim,
            boolean normBefore,
            Mixer mixer,
            Weight gain,
            Weight output) {
        this.backend = backend;
        this.basis = basis;
        this.tokens = tokens;
        this.dim = dim;
        this.rank = (int) (basis.length() / dim);
        this.normBefore = normBefore;
        this.mixer = mixer;
        this.gain = gain;
        this.output = output;
        long numbers = (long) tokens * dim;
        x = Floats.allocate(arena, numbers);
        normed = Floats.allocate(arena, numbers);
        mixed = Floats.allocate(arena, (long) tokens * mixer.width());
        coordinates = Floats.allocate(arena, (long) tokens * rank);
        added = Floats.allocate(arena, numbers);
        inverseRms = Floats.allocate(arena, tokens);
    }

    /** Turns {@code residual [T, dim]} from the branch's input into its output. */
    void forward(Floats residual) {
        x.copyFrom(residual);
        if (normBefore) {
            backend.rmsNorm(x, gain.value(), tokens, dim, EPSILON, normed, inverseRms);
        }
        mixer.forward(normBefore ? normed : x, mixed);
        int width = mixer.width();
        backend.gemm(false, false, tokens, rank, width, 1, mixed, width, output.value(), rank, 0, coordinates, rank);
        backend.gemm(false, true, tokens, dim, rank, 1, coordinates, rank, basis, rank, 0, added, dim);
        if (!normBefore) {
            backend.rmsNorm(added, gain.value(), tokens, dim, EPSILON, normed, inverseRms);
        }
        backend.add(residual, normBefore ? added : normed);
    }

    /** Turns {@code residual [T, dim]} from the gradient of the output of the last forward into that of its input. */
    void backward(Floats residual) {
        try (Arena arena = Arena.ofConfined()) {
            Floats gradAdded = residual;
            if (!normBefore) {
                gradAdded = Floats.allocate(arena, residual.length());
                backend.rmsNormBackward(
                        added, gain.value(), inverseRms, residual, tokens, dim, gradAdded, gain.gradient());
            }
            int width = mixer.width();
            Floats gradCoordinates = Floats.allocate(arena, coordinates.length());
            Floats gradMixed = Floats.allocate(arena, mixed.length());
            Floats gradIn = Floats.allocate(arena, residual.length());
            backend.gemm(false, false, tokens, rank, dim, 1, gradAdded, dim, basis, rank, 0, gradCoordinates, rank);
            backend.gemm(
                    true,
                    false,
                    width,
                    rank,
                    tokens,
                    1,
                    mixed,
                    width,
                    gradCoordinates,
                    rank,
                    1,
                    output.gradient(),
                    rank);
            backend.gemm(
                    false,
                    true,
                    tokens,
                    width,
                    rank,
                    1,
                    gradCoordinates,
                    rank,
                    output.value(),
                    rank,
                    0,
                    gradMixed,
                    width);
            mixer.backward(normBefore ? normed : x, gradMixed, gradIn);
            if (normBefore) {
                backend.rmsNormBackward(x, gain.value(), inverseRms, gradIn, tokens, dim, residual, gain.gradient());
            } else {
                backend.add(residual, gradIn);
            }
        }
    }

    /** Causal attention; {@code queryKeyValue [rowWidth, dim]}. */
    record Attention(
            Backend backend,
            AttentionShape shape,
            RotaryTable rotary,
            Weight queryKeyValue,
            Floats rows,
            Floats probabilities)
            implements Mixer {

        static Attention of(
                Arena arena, Backend backend, AttentionShape shape, RotaryTable rotary, Weight queryKeyValue) {
            Floats rows = Floats.allocate(arena, (long) shape.tokens() * shape.rowWidth());
            Floats probabilities = Floats.allocate(arena, shape.probabilities());
            return new Attention(backend, shape, rotary, queryKeyValue, rows, probabilities);
        }

        @Override
        public int width() {
            return shape.dim();
        }

        @Override
        public void forward(Floats in, Floats mixed) {
            projected(backend, shape.tokens(), in, queryKeyValue, rows);
            backend.rope(shape, rotary, rows);
            backend.attention(shape, rows, probabilities, mixed);
        }

        @Override
        public void backward(Floats in, Floats gradMixed, Floats gradIn) {
            try (Arena arena = Arena.ofConfined()) {
                Floats gradRows = Floats.allocate(arena, rows.length());
                Floats scratch = Floats.allocate(arena, shape.scratch());
                backend.attentionBackward(shape, rows, probabilities, gradMixed, gradRows, scratch);
                backend.ropeBackward(shape, rotary, gradRows);
                projectedBackward(backend, shape.tokens(), in, queryKeyValue, gradRows, gradIn);
            }
        }
    }

    /** SwiGLU; {@code gateUp [2 ffn, dim]}. */
    record FeedForward(Backend backend, int tokens, int width, Weight gateUp, Floats rows) implements Mixer {

        static FeedForward of(Arena arena, Backend backend, int tokens, int width, Weight gateUp) {
            return new FeedForward(backend, tokens, width, gateUp, Floats.allocate(arena, 2L * tokens * width));
        }

        @Override
        public void forward(Floats in, Floats mixed) {
            projected(backend, tokens, in, gateUp, rows);
            backend.swiGlu(rows, tokens, width, mixed);
        }

        /** Once per forward: {@code rows} becomes its own gradient. */
        @Override
        public void backward(Floats in, Floats gradMixed, Floats gradIn) {
            backend.swiGluBackward(rows, tokens, width, gradMixed);
            projectedBackward(backend, tokens, in, gateUp, rows, gradIn);
        }
    }

    /** {@code out = in W^T}. */
    private static void projected(Backend backend, int tokens, Floats in, Weight weight, Floats out) {
        int from = (int) (in.length() / tokens);
        int to = (int) (out.length() / tokens);
        backend.gemm(false, true, tokens, to, from, 1, in, from, weight.value(), from, 0, out, to);
    }

    private static void projectedBackward(
            Backend backend, int tokens, Floats in, Weight weight, Floats gradOut, Floats gradIn) {
        int from = (int) (in.length() / tokens);
        int to = (int) (gradOut.length() / tokens);
        backend.gemm(true, false, to, from, tokens, 1, gradOut, to, in, from, 1, weight.gradient(), from);
        backend.gemm(false, false, tokens, from, to, 1, gradOut, to, weight.value(), from, 0, gradIn, from);
    }
}
