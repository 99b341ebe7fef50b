package io.murmuration.tensors.model;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;

/**
 * Measures whether what leaves a layer of a model is rebuilt from its coordinates in the model's {@link Subspace}. Every layer
 * is made alike and the basis follows from the widths alone, so one layer on a short text stands for the model. Its weights are
 * random and away from where a run starts: a gain that still is 1 leaves the subspace only once it is trained.
 */
public final class SubspaceCheck {

    private static final long SEED = 0x43484543L;

    /** Enough that no two rows are alike by chance, few enough to cost nothing beside the layer's weights. */
    private static final int MOST_TOKENS = 32;

    private static final int MOST_IDS = 64;

    /** Matrices are that many times as large as at the start of a run, so that the branches weigh as much as the embedding. */
    private static final float LARGER = 8;

    /** Deviation of the gains from 1, as after some hundred steps. */
    private static final double GAINS = 0.1;

    private SubspaceCheck() {}

    /**
     * The share of what a layer's output adds to the known part that does not arrive ({@link
     * SubspaceBoundary#reconstructionError}); beyond {@link SubspaceBoundary#EXACT_WITHIN} the model is not to be cut into stages.
     *
     * @param model one with a subspace
     */
    public static double error(Backend backend, ModelSpec model) {
        ModelSpec probe = new ModelSpec(
                Math.min(model.vocabulary(), MOST_IDS),
                model.dim(),
                1,
                model.heads(),
                model.kvHeads(),
                model.ffn(),
                Math.min(model.sequence(), MOST_TOKENS),
                model.ropeTheta(),
                model.rmsEpsilon(),
                false,
                model.subspace(),
                model.branchGain(),
                0);
        SplittableRandom random = new SplittableRandom(SEED);
        int[] ids = random.ints(probe.sequence(), 0, probe.vocabulary()).toArray();
        try (Arena arena = Arena.ofConfined();
                Stage stage = new Stage(
                        backend, probe, StagePlan.of(probe.layers(), 1).slice(0));
                Workspace workspace = stage.newWorkspace(1)) {
            stage.initialise(SEED);
            disturb(stage, random);
            Subspace subspace = Subspace.of(arena, probe);
            Floats known = Floats.allocate(arena, (long) ids.length * probe.dim());
            backend.embed(subspace.embedding(), probe.dim(), ids, known);
            Floats output = stage.trace(workspace, TokenBatch.prefix(ids), Floats.empty())
                    .hidden()
                    .getLast();
            return new SubspaceBoundary(backend, subspace.basis(), probe.dim(), probe.subspace())
                    .reconstructionError(output, known);
        }
    }

    private static void disturb(Stage stage, SplittableRandom random) {
        for (ParameterLayout.Parameter parameter : stage.layout().parameters()) {
            Floats tensor = stage.parameters().slice(parameter.offset(), parameter.length());
            for (long i = 0; i < tensor.length(); i++) {
                tensor.set(
                        i, parameter.decays() ? LARGER * tensor.get(i) : (float) (1 + GAINS * random.nextGaussian()));
            }
        }
    }
}
