package io.murmuration.tensors.model;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.AttentionShape;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.RotaryTable;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A contiguous slice of a Llama-style decoder with its parameters in one vector: forward, backward and, in the last stage,
 * the loss. Written once against {@link Backend}.
 *
 * <p>{@code S = model.sequence}, {@code T = sequences * S}, {@code D = model.boundaryWidth()}: {@code dim}, or what is sent in
 * its place in a {@link Subspace}. {@code tokens} holds, per sequence, {@code S + 1}
 * ids: the inputs and, shifted by one, the targets. The first stage takes no input activations, the last one gives no
 * output activations: there {@link Floats#empty()} is passed.
 *
 * <p>The stage owns its parameters and nothing else that changes: any number of threads may compute at once, each with a
 * {@link Workspace} and a gradient of its own, while nobody writes to {@link #parameters}.
 */
public final class Stage implements AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final Backend backend;
    private final ModelSpec model;
    private final StagePlan.Slice slice;
    private final ParameterLayout layout;
    private final Floats parameters;
    private final StageWeights weights;
    private final DecoderLayer decoder;
    /** The fixed rows of the embeddings; empty without a subspace. */
    private final Floats fixed;

    private final Optional<SubspaceBoundary> subspace;

    public Stage(Backend backend, ModelSpec model, StagePlan.Slice slice) {
        this.backend = backend;
        this.model = model;
        this.slice = slice;
        layout = ParameterLayout.of(model, slice);
        parameters = Floats.allocate(arena, layout.length());
        weights = StageWeights.of(model, slice, layout, parameters);
        if (model.subspace() > 0) {
            Subspace of = model.subspaceRefresh() > 0 ? movingSubspace() : Subspace.of(arena, model);
            fixed = of.embedding();
            subspace = Optional.of(new SubspaceBoundary(backend, of.basis(), model.dim(), model.subspace()));
        } else {
            fixed = Floats.empty();
            subspace = Optional.empty();
        }
        decoder = new DecoderLayer(
                backend, model, RotaryTable.of(arena, model.sequence(), model.headDim(), model.ropeTheta()), subspace);
    }

    /** Its basis is where the parameters are: whatever is read into these moves it. */
    private Subspace movingSubspace() {
        Floats basis = basis();
        basis.copyFrom(Subspace.basis(model.dim(), model.subspace()));
        return Subspace.of(arena, model, basis);
    }

    private Floats basis() {
        ParameterLayout.Parameter parameter = layout.parameter(ParameterLayout.BASIS);
        return parameters.slice(parameter.offset(), parameter.length());
    }

    /**
     * Moves the basis of a subspace that moves, and takes the parameters along.
     *
     * @param moment {@code [dim, dim]}, as {@link #lossAndBackward} sums it
     * @param rate of the {@link GrassmannStep}
     * @return what takes the optimiser's vectors along
     */
    public SubspaceTransport moveSubspace(Floats moment, double rate) {
        Floats basis = basis();
        float[] from = basis.toArray();
        float[] to = new GrassmannStep(basis, moment, model.dim(), model.subspace()).moved(rate);
        SubspaceTransport transport = new SubspaceTransport(model, layout, from, to);
        transport.linear(parameters);
        basis.copyFrom(to);
        return transport;
    }

    public ModelSpec model() {
        return model;
    }

    public StagePlan.Slice slice() {
        return slice;
    }

    public ParameterLayout layout() {
        return layout;
    }

    /** The stage's own vector, {@code layout().length()} numbers; writing to it changes the stage. */
    public Floats parameters() {
        return parameters;
    }

    /** Sets all parameters as a function of the seed and the tensors' names alone, equal on every machine. */
    public void initialise(long seed) {
        Initialisation.fill(model, layout, parameters, seed);
    }

    /** Scratch for one thread, with room for up to {@code sequences} sequences a call. */
    public Workspace newWorkspace(int sequences) {
        return new Workspace(model, slice, sequences);
    }

    /**
     * @param input {@code [T, D]}, empty for the first stage
     * @param output {@code [T, D]}, written
     * @throws IllegalArgumentException if a shape or a token id does not fit
     */
    public void forward(Workspace workspace, int sequences, int[] tokens, Floats input, Floats output) {
        forward(workspace, batch(sequences, tokens), input, output);
    }

    public void forward(Workspace workspace, TokenBatch batch, Floats input, Floats output) {
        require(!slice.last(), "the last stage has no output activations, ask for its loss");
        check(workspace, batch, input);
        length("output", output, sent(batch));
        Floats x = run(workspace, batch, input, false).slice(0, numbers(batch));
        if (subspace.isEmpty()) {
            output.copyFrom(x);
        } else {
            subspace.get().project(x, known(workspace, batch), workspace.residual(), output);
        }
    }

    /**
     * Computes the forward pass again from {@code input}, then goes back.
     *
     * @param gradientOutput {@code [T, D]}
     * @param gradientInput {@code [T, D]}, written; empty for the first stage
     * @param gradient laid out as {@link #parameters}, added to
     */
    public void backward(
            Workspace workspace,
            int sequences,
            int[] tokens,
            Floats input,
            Floats gradientOutput,
            Floats gradientInput,
            Floats gradient) {
        backward(workspace, batch(sequences, tokens), input, gradientOutput, gradientInput, gradient);
    }

    public void backward(
            Workspace workspace,
            TokenBatch batch,
            Floats input,
            Floats gradientOutput,
            Floats gradientInput,
            Floats gradient) {
        require(!slice.last(), "the last stage takes no gradient of its output, ask for its loss and gradient");
        check(workspace, batch, input);
        length("gradient of the output", gradientOutput, sent(batch));
        checkGradients(batch, gradientInput, gradient);
        run(workspace, batch, input, true);
        Floats residual = workspace.residual().slice(0, numbers(batch));
        if (subspace.isEmpty()) {
            residual.copyFrom(gradientOutput);
        } else {
            subspace.get().rebuildGradient(gradientOutput, residual);
        }
        goBack(workspace, batch, input, gradientInput, StageWeights.of(model, slice, layout, gradient));
    }

    /** @return mean cross-entropy over the {@code T} tokens, in nats; only in the last stage */
    public double loss(Workspace workspace, int sequences, int[] tokens, Floats input) {
        return loss(workspace, batch(sequences, tokens), input);
    }

    public double loss(Workspace workspace, TokenBatch batch, Floats input) {
        requireLast();
        check(workspace, batch, input);
        head(workspace, batch.tokens(), run(workspace, batch, input, false));
        return backend.crossEntropy(workspace.logits(), batch.targets(), model.vocabulary());
    }

    /**
     * The loss and its gradient; only in the last stage.
     *
     * @param gradientInput {@code [T, D]}, written; empty if this is also the first stage
     * @param gradient laid out as {@link #parameters}, added to
     * @return mean cross-entropy over the {@code T} tokens, in nats
     */
    public double lossAndBackward(
            Workspace workspace, int sequences, int[] tokens, Floats input, Floats gradientInput, Floats gradient) {
        return lossAndBackward(workspace, batch(sequences, tokens), input, gradientInput, gradient);
    }

    public double lossAndBackward(
            Workspace workspace, TokenBatch batch, Floats input, Floats gradientInput, Floats gradient) {
        return lossAndBackward(workspace, batch, input, gradientInput, gradient, Floats.empty());
    }

    /**
     * The same, and the sum of {@code g g^T} over the tokens, {@code g} being the gradient of what the last layer gives.
     *
     * @param moment {@code [dim, dim]}, added to; empty if nobody asks
     */
    public double lossAndBackward(
            Workspace workspace, TokenBatch batch, Floats input, Floats gradientInput, Floats gradient, Floats moment) {
        requireLast();
        check(workspace, batch, input);
        checkGradients(batch, gradientInput, gradient);
        StageWeights gradients = StageWeights.of(model, slice, layout, gradient);
        int tokens = batch.tokens();
        Floats output = run(workspace, batch, input, true);
        head(workspace, tokens, output);
        double loss = backend.crossEntropyBackward(workspace.logits(), batch.targets(), model.vocabulary());
        headBackward(workspace, tokens, output, gradients);
        if (moment.length() > 0) {
            int dim = model.dim();
            length("moment", moment, (long) dim * dim);
            Floats residual = workspace.residual();
            backend.gemm(true, false, dim, dim, tokens, 1, residual, dim, residual, dim, 1, moment, dim);
        }
        goBack(workspace, batch, input, gradientInput, gradients);
        return loss;
    }

    /**
     * What follows a text; only in the last stage.
     *
     * @param prefix 1 to {@code S} tokens
     * @param input {@code [prefix, D]}, empty if this is also the first stage
     * @param logits {@code [vocabulary]}, written: the scores of the next token
     */
    public void logits(Workspace workspace, int[] prefix, Floats input, Floats logits) {
        requireLast();
        require(
                prefix.length >= 1 && prefix.length <= model.sequence(),
                "a prefix has 1 to " + model.sequence() + " tokens, this one has " + prefix.length);
        TokenBatch batch = TokenBatch.prefix(prefix);
        check(workspace, batch, input);
        length("logits", logits, model.vocabulary());
        Floats output = run(workspace, batch, input, false);
        head(workspace, 1, output.slice((prefix.length - 1L) * model.dim(), model.dim()));
        logits.copyFrom(workspace.logits().slice(0, model.vocabulary()));
    }

    /**
     * Runs a forward pass and shows what is inside, for comparison with a reference. The views are of the workspace: they
     * hold until its next use.
     */
    public StageTrace trace(Workspace workspace, TokenBatch batch, Floats input) {
        check(workspace, batch, input);
        Floats output = run(workspace, batch, input, true);
        List<Floats> hidden = new ArrayList<>();
        for (int layer = 0; layer <= slice.layers(); layer++) {
            hidden.add(entering(workspace, layer, input).slice(0, numbers(batch)));
        }
        if (!slice.last()) {
            return new StageTrace(hidden, Floats.empty(), Floats.empty());
        }
        head(workspace, batch.tokens(), output);
        return new StageTrace(
                hidden,
                workspace.finalNormed().slice(0, numbers(batch)),
                workspace.logits().slice(0, (long) batch.tokens() * model.vocabulary()));
    }

    /** All layers; with {@code keep} every layer's activations stay for the backward pass, else one set serves all. */
    private Floats run(Workspace workspace, TokenBatch batch, Floats input, boolean keep) {
        AttentionShape shape = shape(batch);
        Floats x = entering(workspace, 0, input);
        if (subspace.isPresent()) {
            Floats received = input;
            if (slice.first()) {
                received = workspace.coordinates(batch.tokens());
                backend.embed(weights.embedding(), model.subspace(), batch.inputs(), received);
            }
            subspace.get().rebuild(received, known(workspace, batch), x.slice(0, numbers(batch)));
        } else if (slice.first()) {
            backend.embed(weights.embedding(), model.dim(), batch.inputs(), x);
        }
        for (int layer = 0; layer < slice.layers(); layer++) {
            Floats out = workspace.hidden(keep ? layer + 1 : (layer + 1) % 2);
            LayerActivations kept = workspace.layer(keep ? layer : 0);
            decoder.forward(shape, weights.layer(layer), x, kept, workspace, out);
            x = out;
        }
        return x;
    }

    /** What goes into a layer: what the stage was given is used where it is unless it has to be rebuilt. */
    private Floats entering(Workspace workspace, int layer, Floats input) {
        return layer > 0 || slice.first() || subspace.isPresent() ? workspace.hidden(layer) : input;
    }

    /** {@code R}: what everybody knows of the activations, from the token ids alone. */
    private Floats known(Workspace workspace, TokenBatch batch) {
        Floats known = workspace.known().slice(0, numbers(batch));
        backend.embed(fixed, model.dim(), batch.inputs(), known);
        return known;
    }

    private void head(Workspace workspace, int tokens, Floats output) {
        backend.rmsNorm(
                output,
                weights.finalGain(),
                tokens,
                model.dim(),
                (float) model.rmsEpsilon(),
                workspace.finalNormed(),
                workspace.finalInverseRms());
        Linear.forward(
                backend,
                tokens,
                model.vocabulary(),
                model.dim(),
                workspace.finalNormed(),
                weights.head(),
                0,
                workspace.logits());
    }

    /** From the gradient in {@code workspace.logits} to the one in {@code workspace.residual}. */
    private void headBackward(Workspace workspace, int tokens, Floats output, StageWeights gradients) {
        int dim = model.dim();
        Linear.input(
                backend, tokens, model.vocabulary(), dim, workspace.logits(), weights.head(), workspace.gradNormed());
        Linear.weight(
                backend,
                tokens,
                model.vocabulary(),
                dim,
                workspace.logits(),
                workspace.finalNormed(),
                gradients.head());
        workspace.residual().slice(0, (long) tokens * dim).clear();
        backend.rmsNormBackward(
                output,
                weights.finalGain(),
                workspace.finalInverseRms(),
                workspace.gradNormed(),
                tokens,
                dim,
                workspace.residual(),
                gradients.finalGain());
    }

    /** From the gradient of the last layer's output, in {@code workspace.residual}, to the stage's input. */
    private void goBack(
            Workspace workspace, TokenBatch batch, Floats input, Floats gradientInput, StageWeights gradients) {
        AttentionShape shape = shape(batch);
        for (int layer = slice.layers() - 1; layer >= 0; layer--) {
            decoder.backward(
                    shape,
                    weights.layer(layer),
                    entering(workspace, layer, input),
                    workspace.layer(layer),
                    workspace,
                    workspace.residual(),
                    gradients.layer(layer));
        }
        Floats residual = workspace.residual().slice(0, numbers(batch));
        Floats sent = residual;
        if (subspace.isPresent()) {
            sent = slice.first() ? workspace.coordinates(batch.tokens()) : gradientInput;
            subspace.get().projectGradient(residual, sent);
        } else if (!slice.first()) {
            gradientInput.copyFrom(residual);
        }
        if (slice.first()) {
            backend.embedBackward(sent, model.boundaryWidth(), batch.inputs(), gradients.embedding());
        }
    }

    /** A microbatch of {@code sequences} runs of {@code S + 1} ids. */
    public TokenBatch batch(int sequences, int[] tokens) {
        return TokenBatch.shifted(sequences, model.sequence(), tokens);
    }

    private AttentionShape shape(TokenBatch batch) {
        return new AttentionShape(batch.sequences(), batch.length(), model.heads(), model.kvHeads(), model.headDim());
    }

    private long numbers(TokenBatch batch) {
        return (long) batch.tokens() * model.dim();
    }

    /** Numbers that cross a boundary of the stage. */
    private long sent(TokenBatch batch) {
        return (long) batch.tokens() * model.boundaryWidth();
    }

    private void check(Workspace workspace, TokenBatch batch, Floats input) {
        require(
                batch.length() <= model.sequence(),
                "sequences have up to " + model.sequence() + " tokens, these have " + batch.length());
        require(
                batch.sequences() <= workspace.sequences(),
                "the workspace has room for " + workspace.sequences() + " sequences, got " + batch.sequences());
        batch.requireVocabulary(model.vocabulary());
        length("input", input, slice.first() ? 0 : sent(batch));
    }

    private void checkGradients(TokenBatch batch, Floats gradientInput, Floats gradient) {
        length("gradient of the input", gradientInput, slice.first() ? 0 : sent(batch));
        length("gradient", gradient, layout.length());
    }

    private void requireLast() {
        require(slice.last(), "only the last stage computes a loss or logits, this is stage " + slice.stage());
    }

    private static void length(String what, Floats floats, long expected) {
        require(floats.length() == expected, what + " must hold " + expected + " numbers, holds " + floats.length());
    }

    private static void require(boolean condition, String otherwise) {
        if (!condition) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    /** Releases the parameters; no call may be under way. Workspaces are closed by whoever made them. */
    @Override
    public void close() {
        arena.close();
    }
}
