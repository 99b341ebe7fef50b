package io.murmuration.cluster.run;

import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.Workspace;
import java.lang.foreign.Arena;

/** Tries a backend: one forward pass of the smallest model, whose loss is known before anything is learnt. */
public final class NativeProbe {

    /** A model that has learnt nothing is as good as a guess; its small random weights move that a little. */
    private static final double TOLERANCE = 0.5;

    private NativeProbe() {}

    /**
     * @return what answers, in words
     * @throws IllegalStateException if it computes nonsense
     */
    public static String describe(Backend backend) {
        ModelSpec model = ModelSpec.NANO;
        try (Arena arena = Arena.ofConfined();
                Stage stage = new Stage(
                        backend, model, StagePlan.of(model.layers(), 1).slice(0));
                Workspace workspace = stage.newWorkspace(1)) {
            stage.initialise(1);
            double loss = stage.loss(workspace, 1, new int[model.sequence() + 1], Floats.allocate(arena, 0));
            double guess = Math.log(model.vocabulary());
            if (!(Math.abs(loss - guess) < TOLERANCE)) {
                throw new IllegalStateException(
                        "an untrained model should have a loss near " + guess + ", got " + loss);
            }
            return backend.fingerprint();
        }
    }
}
