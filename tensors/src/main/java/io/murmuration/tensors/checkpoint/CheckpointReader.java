package io.murmuration.tensors.checkpoint;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import io.murmuration.tensors.reduce.Digest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint whose files have been found to be what {@code state.json} says they are. Its tensors can be read into
 * any cut of the model in stages.
 */
public final class CheckpointReader implements StartingState {

    private static final int BUFFER_BYTES = 1 << 16;

    private final Path folder;
    private final CheckpointMeta meta;
    private final boolean withOptimiser;

    private CheckpointReader(Path folder, CheckpointMeta meta, boolean withOptimiser) {
        this.folder = folder;
        this.meta = meta;
        this.withOptimiser = withOptimiser;
    }

    /**
     * Opens a checkpoint and checks every file against its digest.
     *
     * @throws CheckpointException if the folder is no checkpoint, or a file is missing or changed; names it
     */
    public static CheckpointReader open(Path folder) {
        Path stateFile = folder.resolve(StateFile.NAME);
        if (!Files.isRegularFile(stateFile)) {
            throw new CheckpointException(
                    folder + ": expected a checkpoint with a " + StateFile.NAME + ", there is none");
        }
        StateFile.State state = StateFile.read(stateFile);
        for (String name : List.of(CheckpointWriter.MODEL, CheckpointWriter.CONFIG)) {
            if (!state.files().containsKey(name)) {
                throw new CheckpointException(stateFile + ": expected the digest of " + name + ", there is none");
            }
        }
        state.files().forEach((name, digest) -> verify(folder.resolve(name), digest));
        Path config = folder.resolve(CheckpointWriter.CONFIG);
        CheckpointMeta meta = new CheckpointMeta(
                HuggingFaceConfig.model(config, StateFile.parse(config)),
                state.step(),
                state.samplePosition(),
                state.seed(),
                state.settings());
        return new CheckpointReader(folder, meta, state.files().containsKey(CheckpointWriter.OPTIMISER));
    }

    public Path folder() {
        return folder;
    }

    public CheckpointMeta meta() {
        return meta;
    }

    /** Whether the optimiser's vectors were written too. */
    public boolean withOptimiser() {
        return withOptimiser;
    }

    /**
     * Reads what a stage needs.
     *
     * @param parameters where the stage's parameters go
     * @param optimiser where the optimiser's vectors go, by their names in the checkpoint; empty to leave them
     * @throws CheckpointException if a tensor is missing or of another length; names the file
     */
    @Override
    public void read(ParameterLayout layout, Floats parameters, Map<String, Floats> optimiser) {
        StageState.requireLength("parameters", layout, parameters);
        optimiser.forEach((name, vector) -> StageState.requireLength(name, layout, vector));
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(CheckpointWriter.MODEL))) {
            read(file, "", layout, parameters);
        }
        if (!optimiser.isEmpty()) {
            try (SafetensorsFile file = SafetensorsFile.open(folder.resolve(CheckpointWriter.OPTIMISER))) {
                optimiser.forEach((name, vector) -> read(file, name + ".", layout, vector));
            }
        }
    }

    private static void read(SafetensorsFile file, String prefix, ParameterLayout layout, Floats vector) {
        for (Parameter parameter : layout.parameters()) {
            file.read(prefix + parameter.name(), vector.slice(parameter.offset(), parameter.length()));
        }
    }

    private static void verify(Path file, Digest expected) {
        MessageDigest sha256 = Digest.sha256();
        try (InputStream in = Files.newInputStream(file)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                sha256.update(buffer, 0, count);
            }
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
        Digest actual = Digest.of(sha256);
        if (!actual.equals(expected)) {
            throw new CheckpointException(file + ": expected SHA-256 " + expected + ", got " + actual);
        }
    }
}
