package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.Subspace;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Writes a checkpoint's model as Hugging Face transformers saves one: {@code config.json} and {@code model.safetensors},
 * or files of a bounded size with {@code model.safetensors.index.json}. One tensor at a time is in memory.
 */
public final class HuggingFaceExport {

    private HuggingFaceExport() {}

    /**
     * Writes a folder, whole or not at all. What lies beside it is left alone; of two exports to one folder at a time one
     * succeeds.
     *
     * @param folder new or empty
     * @param dtype of 32 or 16 bits; numbers are rounded to nearest even
     * @param shardBytes most bytes of numbers in a file; a tensor that is larger has one of its own
     * @return files written
     * @throws CheckpointException if it cannot be read or written, or a number does not fit into the format
     */
    public static List<Path> write(CheckpointReader checkpoint, Path folder, Dtype dtype, long shardBytes) {
        if (!dtype.isFloatingPoint() || shardBytes < 1) {
            throw new IllegalArgumentException(
                    "expected floating point and files of at least 1 byte, got " + dtype + " and " + shardBytes);
        }
        try {
            if (Files.exists(folder) && !isEmptyFolder(folder)) {
                throw new CheckpointException(folder + ": expected a new or empty folder, there is something");
            }
            Path place = Files.exists(folder) ? folder.toRealPath() : folder.toAbsolutePath();
            Files.createDirectories(place.getParent());
            // The user chose the folder, so the names beside it are not ours: a new one is ours. Temporary folders are
            // closed to other users, so the model goes into one inside it.
            Path work = Files.createTempDirectory(place.getParent(), "." + place.getFileName() + ".");
            try {
                Path fresh = Files.createDirectory(work.resolve("model"));
                fill(checkpoint, fresh, dtype, shardBytes);
                Folders.force(fresh);
                Folders.publish(fresh, place);
            } finally {
                Folders.delete(work);
            }
            try (Stream<Path> files = Files.list(folder)) {
                return files.sorted().toList();
            }
        } catch (IOException e) {
            throw new CheckpointException(folder + ": cannot be written: " + e, e);
        }
    }

    private static boolean isEmptyFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    private static void fill(CheckpointReader checkpoint, Path fresh, Dtype dtype, long shardBytes) throws IOException {
        ModelSpec trained = checkpoint.meta().model();
        ModelSpec model = trained.ordinary();
        ParameterLayout source =
                ParameterLayout.of(trained, StagePlan.of(trained.layers(), 1).slice(0));
        List<List<Parameter>> shards = shards(model, dtype, shardBytes);
        ObjectNode index = JsonNodeFactory.instance.objectNode();
        index.putObject("metadata").put("total_size", model.parameters() * dtype.bytes());
        ObjectNode map = index.putObject("weight_map");
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.folder().resolve(CheckpointWriter.MODEL));
                Arena arena = Arena.ofConfined()) {
            long largest = shards.stream()
                    .flatMap(List::stream)
                    .mapToLong(Parameter::length)
                    .max()
                    .orElseThrow();
            Floats memory = Floats.allocate(arena, largest);
            Floats gains = Floats.allocate(arena, trained.branchGain() ? trained.dim() : 0);
            Floats coordinates = Floats.allocate(arena, trained.subspace() > 0 ? largest : 0);
            Optional<Subspace> subspace =
                    trained.subspace() > 0 ? Optional.of(subspace(arena, trained, file)) : Optional.empty();
            for (int shard = 0; shard < shards.size(); shard++) {
                String name = shards.size() == 1
                        ? HuggingFaceModel.WHOLE
                        : String.format(Locale.ROOT, "model-%05d-of-%05d.safetensors", shard + 1, shards.size());
                List<SafetensorsWriter.Tensor> tensors = new ArrayList<>();
                for (Parameter parameter : shards.get(shard)) {
                    map.put(parameter.name(), name);
                    tensors.add(new SafetensorsWriter.Tensor(parameter.name(), parameter.shape(), () -> {
                        Floats values = memory.slice(0, parameter.length());
                        Parameter stored = source.parameter(ParameterLayout.trained(trained, parameter.name()));
                        if (stored.name().equals(parameter.name())) {
                            file.read(stored.name(), values);
                        } else {
                            Floats inside = coordinates.slice(0, stored.length());
                            file.read(stored.name(), inside);
                            subspace.orElseThrow().expand(parameter, inside, values);
                        }
                        if (trained.branchGain() && ParameterLayout.endsBranch(parameter.name())) {
                            file.read(ParameterLayout.gainOf(parameter.name()), gains);
                            multiplyRows(values, gains);
                        }
                        return values;
                    }));
                }
                SafetensorsWriter.write(fresh.resolve(name), dtype, tensors);
            }
        }
        if (shards.size() > 1) {
            CheckpointWriter.write(fresh.resolve(HuggingFaceModel.INDEX), index);
        }
        CheckpointWriter.write(
                fresh.resolve(CheckpointWriter.CONFIG),
                HuggingFaceConfig.json(
                        model, dtype, checkpoint.meta().tokeniser().endOfText()));
    }

    private static Subspace subspace(Arena arena, ModelSpec trained, SafetensorsFile file) {
        if (trained.subspaceRefresh() == 0) {
            return Subspace.of(arena, trained);
        }
        Floats basis = Floats.allocate(arena, (long) trained.dim() * trained.subspace());
        file.read(ParameterLayout.BASIS, basis);
        return Subspace.of(arena, trained, basis);
    }

    /** {@code diag(gains) matrix}: what a gain behind a projection does is a matrix again. */
    private static void multiplyRows(Floats matrix, Floats gains) {
        long in = matrix.length() / gains.length();
        for (long i = 0; i < matrix.length(); i++) {
            matrix.set(i, matrix.get(i) * gains.get(i / in));
        }
    }

    /** Tensors in the model's order, as many to a file as fit. */
    private static List<List<Parameter>> shards(ModelSpec model, Dtype dtype, long shardBytes) {
        List<List<Parameter>> shards = new ArrayList<>();
        long bytes = 0;
        for (Parameter parameter : ParameterLayout.of(
                        model, StagePlan.of(model.layers(), 1).slice(0))
                .parameters()) {
            long more = parameter.length() * dtype.bytes();
            if (shards.isEmpty() || bytes + more > shardBytes) {
                shards.add(new ArrayList<>());
                bytes = 0;
            }
            shards.getLast().add(parameter);
            bytes += more;
        }
        return shards;
    }
}
