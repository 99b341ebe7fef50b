package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.reduce.Digest;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Writes a checkpoint: a folder with {@code model.safetensors} and {@code config.json} as Hugging Face transformers
 * loads them, {@code optimizer.safetensors} with {@code exp_avg.NAME} and the like, and {@code state.json}. The files do
 * not depend on how the model was cut in stages.
 *
 * <p>The folder is prepared beside its place, forced to the disk and renamed. If anything fails, what was there before
 * is still there and nothing else is.
 */
public final class CheckpointWriter {

    static final String MODEL = "model.safetensors";
    static final String CONFIG = "config.json";
    static final String OPTIMISER = "optimizer.safetensors";

    private CheckpointWriter() {}

    /**
     * @param folder where the checkpoint shall be; its parent is made if it is not there
     * @param stages together they hold the whole model, each part once; all with the same optimiser vectors
     * @throws CheckpointException if it cannot be written; names the folder
     */
    public static void write(Path folder, CheckpointMeta meta, List<StageState> stages) {
        Whole whole = Whole.of(meta, stages);
        try {
            Files.createDirectories(folder.toAbsolutePath().getParent());
            Folders.recover(folder);
            Path fresh = Files.createDirectory(Folders.fresh(folder));
            try {
                fill(fresh, meta, whole);
                Folders.replace(folder);
            } catch (IOException | RuntimeException e) {
                discard(fresh, e);
                throw e;
            }
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be written: " + e, e);
        }
    }

    private static void fill(Path fresh, CheckpointMeta meta, Whole whole) throws IOException {
        Map<String, Digest> files = new LinkedHashMap<>();
        files.put(MODEL, SafetensorsWriter.write(fresh.resolve(MODEL), whole.parameters));
        files.put(
                CONFIG,
                write(
                        fresh.resolve(CONFIG),
                        HuggingFaceConfig.json(
                                meta.model(), Dtype.F32, meta.tokeniser().endOfText())));
        if (!whole.optimiser.isEmpty()) {
            files.put(OPTIMISER, SafetensorsWriter.write(fresh.resolve(OPTIMISER), whole.optimiser));
        }
        write(fresh.resolve(StateFile.NAME), StateFile.json(meta, files));
        Folders.force(fresh);
    }

    static Digest write(Path file, JsonNode json) throws IOException {
        byte[] bytes = StateFile.bytes(json);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        }
        MessageDigest sha256 = Digest.sha256();
        sha256.update(bytes);
        return Digest.of(sha256);
    }

    private static void discard(Path fresh, Exception reason) {
        try {
            Folders.delete(fresh);
        } catch (IOException e) {
            reason.addSuppressed(e); // the next write into this place clears it
        }
    }

    /** The tensors of all stages in the order of a single stage. */
    private record Whole(List<SafetensorsWriter.Entry> parameters, List<SafetensorsWriter.Entry> optimiser) {

        static Whole of(CheckpointMeta meta, List<StageState> stages) {
            Map<String, StageState> holders = new TreeMap<>();
            for (StageState stage : stages) {
                for (Parameter parameter : stage.layout().parameters()) {
                    if (holders.put(parameter.name(), stage) != null) {
                        throw new IllegalArgumentException(
                                "expected every tensor in one stage, " + parameter.name() + " is in two");
                    }
                }
            }
            ParameterLayout layout = ParameterLayout.of(
                    meta.model(), StagePlan.of(meta.model().layers(), 1).slice(0));
            Set<String> vectors =
                    stages.isEmpty() ? Set.of() : stages.getFirst().optimiser().keySet();
            requireComplete(layout, holders, vectors);
            List<SafetensorsWriter.Entry> parameters = new ArrayList<>();
            List<SafetensorsWriter.Entry> optimiser = new ArrayList<>();
            for (Parameter parameter : layout.parameters()) {
                StageState stage = holders.get(parameter.name());
                parameters.add(entry("", parameter, stage, stage.parameters()));
            }
            for (String vector : vectors) {
                for (Parameter parameter : layout.parameters()) {
                    StageState stage = holders.get(parameter.name());
                    optimiser.add(entry(
                            vector + ".", parameter, stage, stage.optimiser().get(vector)));
                }
            }
            return new Whole(parameters, optimiser);
        }

        private static void requireComplete(
                ParameterLayout layout, Map<String, StageState> holders, Set<String> vectors) {
            for (Parameter parameter : layout.parameters()) {
                StageState stage = holders.get(parameter.name());
                if (stage == null
                        || !stage.layout().parameter(parameter.name()).shape().equals(parameter.shape())) {
                    throw new IllegalArgumentException(
                            "expected the stages to hold " + parameter.name() + " of shape " + parameter.shape());
                }
                if (!stage.optimiser().keySet().equals(vectors)) {
                    throw new IllegalArgumentException("expected the same optimiser vectors in every stage, got "
                            + vectors + " and " + stage.optimiser().keySet());
                }
            }
            if (holders.size() != layout.parameters().size()) {
                throw new IllegalArgumentException("expected "
                        + layout.parameters().size() + " tensors in all stages together, got " + holders.size());
            }
        }

        private static SafetensorsWriter.Entry entry(
                String prefix, Parameter parameter, StageState stage, Floats vector) {
            Parameter place = stage.layout().parameter(parameter.name());
            return new SafetensorsWriter.Entry(
                    prefix + parameter.name(), parameter.shape(), vector.slice(place.offset(), place.length()));
        }
    }
}
