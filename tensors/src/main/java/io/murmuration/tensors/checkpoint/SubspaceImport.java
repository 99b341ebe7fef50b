package io.murmuration.tensors.checkpoint;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.Subspace;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads matrices of an ordinary Llama as coordinates in a {@link Subspace}. One matrix at a time is in memory, and what is fixed
 * from the first one on.
 */
final class SubspaceImport implements AutoCloseable {

    private final Arena arena = Arena.ofConfined();
    private final ModelSpec model;
    private Optional<Subspace> subspace = Optional.empty();
    /** The ordinary Llama's matrices by the names of what is trained of them. */
    private final Map<String, Parameter> matrices = new LinkedHashMap<>();

    SubspaceImport(ModelSpec model) {
        this.model = model;
        ModelSpec ordinary = model.ordinary();
        for (Parameter parameter : ParameterLayout.of(
                        ordinary, StagePlan.of(model.layers(), 1).slice(0))
                .parameters()) {
            String trained = ParameterLayout.trained(model, parameter.name());
            if (!trained.equals(parameter.name())) {
                matrices.put(trained, parameter);
            }
        }
    }

    static void ones(Floats gains) {
        for (long i = 0; i < gains.length(); i++) {
            gains.set(i, 1);
        }
    }

    private Subspace subspace() {
        if (subspace.isEmpty()) {
            subspace = Optional.of(Subspace.of(arena, model));
        }
        return subspace.get();
    }

    boolean reads(String trained) {
        return matrices.containsKey(trained);
    }

    /** @param file the file that holds a tensor of the ordinary Llama */
    void read(String trained, Floats numbers, Function<String, SafetensorsFile> file) {
        Parameter matrix = matrices.get(trained);
        try (Arena once = Arena.ofConfined()) {
            Floats whole = Floats.allocate(once, matrix.length());
            file.apply(matrix.name()).read(matrix.name(), whole);
            subspace().coordinates(matrix, whole, numbers);
        }
    }

    HuggingFaceModel.Outside outside(Backend backend, Map<String, Path> places) {
        Subspace within = subspace();
        SubspaceBoundary boundary = new SubspaceBoundary(backend, within.basis(), model.dim(), model.subspace());
        HuggingFaceModel.Outside worst = new HuggingFaceModel.Outside(ParameterLayout.EMBEDDING, 0);
        for (Parameter matrix : matrices.values()) {
            try (Arena once = Arena.ofConfined();
                    SafetensorsFile file = SafetensorsFile.open(places.get(matrix.name()))) {
                Floats whole = Floats.allocate(once, matrix.length());
                file.read(matrix.name(), whole);
                boolean embedding = matrix.name().equals(ParameterLayout.EMBEDDING);
                double error = embedding
                        ? boundary.reconstructionError(whole, within.embedding())
                        : boundary.reconstructionError(transposed(once, whole), Floats.allocate(once, whole.length()));
                // A NaN is worse than any number.
                if (!(error <= worst.error())) {
                    worst = new HuggingFaceModel.Outside(matrix.name(), error);
                }
            }
        }
        return worst;
    }

    /** The columns of {@code [dim, in]}, which are what the projection adds for each of its inputs, as rows. */
    private Floats transposed(Arena once, Floats matrix) {
        int dim = model.dim();
        long in = matrix.length() / dim;
        Floats rows = Floats.allocate(once, matrix.length());
        for (long i = 0; i < dim; i++) {
            for (long j = 0; j < in; j++) {
                rows.set(j * dim + i, matrix.get(i * in + j));
            }
        }
        return rows;
    }

    @Override
    public void close() {
        arena.close();
    }
}
