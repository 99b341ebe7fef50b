package io.murmuration.cluster.run;

import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.data.Tokeniser;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.Workspace;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** Opens checkpoints as one stage that holds the whole model. */
public final class CheckpointModels implements TextModels {

    private final String backend;

    /** @param backend what computes, as in {@link Backends#byName} */
    public CheckpointModels(String backend) {
        this.backend = backend;
    }

    @Override
    public TextModel open(Path checkpoint) {
        if (!Files.isDirectory(checkpoint)) {
            throw new UserError("there is no checkpoint " + checkpoint);
        }
        try {
            Path folder = new CheckpointStore(checkpoint, 1).latest().orElse(checkpoint);
            return new Model(Backends.byName(backend), CheckpointReader.open(folder));
        } catch (CheckpointException e) {
            throw new UserError(e.getMessage(), e);
        }
    }

    private static final class Model implements TextModel {
        private final ModelSpec spec;
        private final Tokeniser tokeniser;
        private final Arena arena = Arena.ofConfined();
        private final Stage stage;
        private final Workspace workspace;
        private final Floats logits;

        private Model(Backend backend, CheckpointReader checkpoint) {
            spec = checkpoint.meta().model();
            tokeniser = checkpoint.meta().tokeniser();
            stage = new Stage(backend, spec, StagePlan.of(spec.layers(), 1).slice(0));
            workspace = stage.newWorkspace(1);
            logits = Floats.allocate(arena, spec.vocabulary());
            checkpoint.read(stage.layout(), stage.parameters(), Map.of());
        }

        @Override
        public int vocabulary() {
            return spec.vocabulary();
        }

        @Override
        public Tokeniser tokeniser() {
            return tokeniser;
        }

        @Override
        public int sequence() {
            return spec.sequence();
        }

        @Override
        public float[] next(int[] prefix) {
            stage.logits(workspace, prefix, Floats.empty(), logits);
            return logits.toArray();
        }

        @Override
        public void close() {
            workspace.close();
            stage.close();
            arena.close();
        }
    }
}
