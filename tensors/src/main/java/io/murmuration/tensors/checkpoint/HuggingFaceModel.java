package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import io.murmuration.tensors.model.StagePlan;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * A Llama model as Hugging Face transformers saves it: {@code config.json} and {@code model.safetensors}, or {@code
 * model.safetensors.index.json} and the files it names. Its tensors, of 32 or 16 bits, can be read into any cut of the
 * model in stages. Names, shapes and formats of all tensors are checked when it is opened; their numbers are not looked at.
 *
 * <p>A head that is tied to the embedding can be read as one of its own: a copy. An ordinary Llama can be read as one with gains
 * of its branches, which are 1, and as one within a subspace, if its matrices are ({@link #outside}).
 */
public final class HuggingFaceModel implements StartingState {

    static final String WHOLE = "model.safetensors";
    static final String INDEX = "model.safetensors.index.json";
    private static final String CONFIG = "config.json";
    private static final Pattern FILE_NAME = Pattern.compile("\\w[\\w.-]*");

    /** Tables of older checkpoints that follow from rope_theta. */
    private static final Pattern DERIVED = Pattern.compile("model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq");

    private final ModelSpec spec;
    /** File of each tensor. */
    private final Map<String, Path> places;

    private HuggingFaceModel(ModelSpec spec, Map<String, Path> places) {
        this.spec = spec;
        this.places = places;
    }

    /**
     * The shape of a model; nothing but {@code config.json} is read.
     *
     * @throws CheckpointException if there is none, or it is of another kind; names the file and the key
     */
    public static ModelSpec spec(Path folder) {
        Path config = folder.resolve(CONFIG);
        if (!Files.isRegularFile(config)) {
            throw new CheckpointException(
                    folder + ": expected a Hugging Face model with a " + CONFIG + ", there is none");
        }
        return HuggingFaceConfig.model(config, StateFile.parse(config));
    }

    /**
     * Opens a model.
     *
     * @throws CheckpointException if a file or a tensor is missing, too much, or of another shape or format; names it
     */
    public static HuggingFaceModel open(Path folder) {
        ModelSpec spec = spec(folder);
        Map<String, Path> places = new LinkedHashMap<>();
        Map<String, SafetensorsFile.Tensor> tensors = new LinkedHashMap<>();
        Map<String, Path> index = index(folder);
        List<Path> files = index.isEmpty()
                ? List.of(folder.resolve(WHOLE))
                : index.values().stream().distinct().sorted().toList();
        for (Path path : files) {
            try (SafetensorsFile file = SafetensorsFile.open(path)) {
                file.tensors().forEach((name, tensor) -> {
                    if (!index.isEmpty() && !path.equals(index.get(name))) {
                        throw new CheckpointException(path + ": " + name + ": expected "
                                + (index.containsKey(name)
                                        ? "in " + index.get(name).getFileName()
                                        : "nowhere")
                                + " by " + INDEX);
                    }
                    places.put(name, path);
                    tensors.put(name, tensor);
                });
            }
        }
        index.forEach((name, path) -> {
            if (!places.containsKey(name)) {
                throw new CheckpointException(
                        path + ": expected a tensor " + name + " by " + INDEX + ", there is none");
            }
        });
        requireTensors(folder, spec, tensors, places);
        return new HuggingFaceModel(spec, places);
    }

    private static Map<String, Path> index(Path folder) {
        Path file = folder.resolve(INDEX);
        boolean sharded = Files.isRegularFile(file);
        if (!sharded && !Files.isRegularFile(folder.resolve(WHOLE))) {
            throw new CheckpointException(folder + ": expected " + WHOLE + " or " + INDEX + ", there is neither");
        }
        if (!sharded) {
            return Map.of();
        }
        JsonNode map = StateFile.parse(file).path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new CheckpointException(file + ": expected a weight_map with the file of each tensor, there is none");
        }
        Map<String, Path> places = new TreeMap<>();
        map.properties().forEach(entry -> {
            String name = entry.getValue().asText();
            if (!FILE_NAME.matcher(name).matches()) {
                throw new CheckpointException(file + ": expected names of files beside it, got " + entry.getValue());
            }
            places.put(entry.getKey(), folder.resolve(name));
        });
        return places;
    }

    private static void requireTensors(
            Path folder, ModelSpec spec, Map<String, SafetensorsFile.Tensor> tensors, Map<String, Path> places) {
        ParameterLayout layout =
                ParameterLayout.of(spec, StagePlan.of(spec.layers(), 1).slice(0));
        Map<String, Parameter> expected = new LinkedHashMap<>();
        layout.parameters().forEach(parameter -> expected.put(parameter.name(), parameter));
        for (Parameter parameter : expected.values()) {
            SafetensorsFile.Tensor tensor = tensors.get(parameter.name());
            if (tensor == null) {
                throw new CheckpointException(folder + ": expected a tensor " + parameter.name() + ", there is none");
            }
            List<Long> shape =
                    parameter.shape().stream().map(Integer::longValue).toList();
            if (!tensor.shape().equals(shape)) {
                throw new CheckpointException(places.get(parameter.name()) + ": " + parameter.name()
                        + ": expected the shape " + shape + " by " + CONFIG + ", got " + tensor.shape());
            }
            if (!tensor.dtype().isFloatingPoint()) {
                throw new CheckpointException(places.get(parameter.name()) + ": " + parameter.name()
                        + ": expected numbers of F32, F16 or BF16, got " + tensor.dtype());
            }
        }
        tensors.keySet().forEach(name -> {
            // A tied head may have been saved once more; transformers takes the embedding, and so do we.
            boolean tied = name.equals(ParameterLayout.HEAD) && spec.tiedHead();
            if (!expected.containsKey(name) && !tied && !DERIVED.matcher(name).matches()) {
                throw new CheckpointException(places.get(name) + ": " + name + ": is not a tensor of the model that "
                        + CONFIG + " describes");
            }
        });
    }

    /** The same with gains of its branches: 1 where it has none. */
    public HuggingFaceModel withBranchGain() {
        return new HuggingFaceModel(spec.withBranchGain(true), places);
    }

    /**
     * An ordinary Llama as a model within a subspace. What its matrices have outside is left out, see {@link #outside}.
     *
     * @throws CheckpointException if it cannot be one, whatever its matrices
     */
    public HuggingFaceModel within(int rank) {
        try {
            return new HuggingFaceModel(spec.withSubspace(rank), places);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(places.get(ParameterLayout.EMBEDDING) + ": " + e.getMessage(), e);
        }
    }

    /**
     * How far the matrices that write to the residual stream are from the subspace that they are read into: the one that is furthest,
     * measured as {@link SubspaceBoundary#reconstructionError} measures activations. All of them are read.
     *
     * @throws IllegalStateException unless this is an ordinary Llama read {@link #within} a subspace
     */
    public Outside outside(Backend backend) {
        if (spec.subspace() == 0 || places.containsKey(ParameterLayout.trained(spec, ParameterLayout.EMBEDDING))) {
            throw new IllegalStateException("expected an ordinary Llama that is read within a subspace, got " + spec);
        }
        try (SubspaceImport within = new SubspaceImport(spec)) {
            return within.outside(backend, places);
        }
    }

    /**
     * @param tensor the matrix that is furthest from the subspace
     * @param error the part of it that is outside, relative L2
     */
    public record Outside(String tensor, double error) {}

    /** The shape of the model; its sequence is the longest it was made for. */
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public void read(ParameterLayout layout, Floats parameters, Map<String, Floats> optimiser) {
        StageState.requireLength("parameters", layout, parameters);
        Map<Path, SafetensorsFile> open = new LinkedHashMap<>();
        try (SubspaceImport within = new SubspaceImport(spec)) {
            for (Parameter parameter : layout.parameters()) {
                boolean tied = parameter.name().equals(ParameterLayout.HEAD) && spec.tiedHead();
                String name = tied ? ParameterLayout.EMBEDDING : parameter.name();
                Floats numbers = parameters.slice(parameter.offset(), parameter.length());
                if (!places.containsKey(name) && ParameterLayout.isBranchGain(name)) {
                    SubspaceImport.ones(numbers);
                } else if (!places.containsKey(name) && within.reads(name)) {
                    within.read(name, numbers, ordinary -> file(open, ordinary));
                } else {
                    file(open, name).read(name, numbers);
                }
            }
        } finally {
            open.values().forEach(SafetensorsFile::close);
        }
    }

    private SafetensorsFile file(Map<Path, SafetensorsFile> open, String name) {
        Path place = places.get(name);
        if (place == null) {
            throw new CheckpointException("expected a tensor " + name + " in the model, there is none");
        }
        return open.computeIfAbsent(place, SafetensorsFile::open);
    }
}
