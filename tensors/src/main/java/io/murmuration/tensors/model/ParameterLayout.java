package io.murmuration.tensors.model;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where each tensor of a stage lies in the stage's one contiguous vector, under its Hugging Face
 * {@code LlamaForCausalLM} name. Weights are {@code [out, in]}, row-major. Query, key and value projections follow each
 * other, and so do gate and up: each group can be multiplied as one matrix.
 */
public final class ParameterLayout {

    /**
     * One tensor.
     *
     * @param name Hugging Face name
     * @param offset first number in the stage's vector
     * @param shape one axis for gains, two for matrices
     */
    public record Parameter(String name, long offset, List<Integer> shape) {
        public Parameter {
            shape = List.copyOf(shape);
        }

        public long length() {
            long length = 1;
            for (int axis : shape) {
                length *= axis;
            }
            return length;
        }

        /** Matrices decay, gains do not. */
        public boolean decays() {
            return shape.size() > 1;
        }
    }

    /** Name of the token embedding. */
    public static final String EMBEDDING = "model.embed_tokens.weight";

    /** Ends the name of the trained part of a matrix that is fixed otherwise ({@link Subspace}). */
    static final String IN_SUBSPACE = ".subspace";

    /** Ends the names of the gains of a layer's branches. */
    private static final String GAIN = "_branch_gain.weight";

    /** The basis of a subspace that moves, {@code [dim, subspace]} numbers in a row: no weight, so it does not decay. */
    public static final String BASIS = "model.subspace_basis";

    /** Name of the head, which a model with a tied head has not. */
    public static final String HEAD = "lm_head.weight";

    private final Map<String, Parameter> byName = new LinkedHashMap<>();
    private long length;

    private ParameterLayout() {}

    /** @throws IllegalArgumentException if the model's head is tied and the slice is not the whole model */
    public static ParameterLayout of(ModelSpec model, StagePlan.Slice slice) {
        if (model.tiedHead() && slice.stages() > 1) {
            throw new IllegalArgumentException("a tied head is the embedding's own matrix, which the first and the last"
                    + " stage would both hold and have to keep equal: expected 1 stage, got " + slice.stages());
        }
        if (model.subspaceRefresh() > 0 && slice.stages() > 1) {
            throw new IllegalArgumentException(
                    "a subspace that moves is kept by one stage, and the others would not hear of"
                            + " it: expected 1 stage, got " + slice.stages());
        }
        ParameterLayout layout = new ParameterLayout();
        int dim = model.dim();
        int width = model.boundaryWidth();
        if (slice.first()) {
            layout.add(trained(model, EMBEDDING), model.vocabulary(), width);
        }
        for (int layer = slice.firstLayer(); layer < slice.firstLayer() + slice.layers(); layer++) {
            String prefix = "model.layers." + layer + ".";
            layout.add(prefix + "input_layernorm.weight", dim);
            layout.add(prefix + "self_attn.q_proj.weight", dim, dim);
            layout.add(prefix + "self_attn.k_proj.weight", model.kvDim(), dim);
            layout.add(prefix + "self_attn.v_proj.weight", model.kvDim(), dim);
            layout.add(trained(model, prefix + "self_attn.o_proj.weight"), width, dim);
            layout.addGain(model, prefix + "self_attn.o_proj.weight");
            layout.add(prefix + "post_attention_layernorm.weight", dim);
            layout.add(prefix + "mlp.gate_proj.weight", model.ffn(), dim);
            layout.add(prefix + "mlp.up_proj.weight", model.ffn(), dim);
            layout.add(trained(model, prefix + "mlp.down_proj.weight"), width, model.ffn());
            layout.addGain(model, prefix + "mlp.down_proj.weight");
        }
        if (slice.last()) {
            layout.add("model.norm.weight", dim);
            if (!model.tiedHead()) {
                layout.add(HEAD, model.vocabulary(), dim);
            }
        }
        if (model.subspaceRefresh() > 0) {
            layout.add(BASIS, dim * width);
        }
        return layout;
    }

    /**
     * The name under which a model keeps what it trains of a tensor. That is the tensor itself, but in a {@link Subspace}, of a
     * matrix that writes to the residual stream, its coordinates there.
     *
     * @param name of the tensor as Llama has it
     */
    public static String trained(ModelSpec model, String name) {
        boolean inside = model.subspace() > 0 && (endsBranch(name) || name.equals(EMBEDDING));
        return inside ? name.replaceFirst("[.]weight$", IN_SUBSPACE) : name;
    }

    /** Whether a tensor is a projection that ends a branch: its output is added to the residual stream. */
    public static boolean endsBranch(String name) {
        return name.contains(".o_proj.") || name.contains(".down_proj.");
    }

    /**
     * The name of the gain behind a projection that ends a branch, in a model that has those.
     *
     * @param projection its matrix as Llama has it
     */
    public static String gainOf(String projection) {
        return projection.replaceFirst("(self_attn|mlp)[.].*", "$1" + GAIN);
    }

    /** Whether a tensor is such a gain. */
    public static boolean isBranchGain(String name) {
        return name.endsWith(GAIN);
    }

    private void addGain(ModelSpec model, String projection) {
        if (model.branchGain()) {
            add(gainOf(projection), model.dim());
        }
    }

    private void add(String name, Integer... shape) {
        Parameter parameter = new Parameter(name, length, List.of(shape));
        byName.put(name, parameter);
        length += parameter.length();
    }

    /** Numbers in the stage's vector. */
    public long length() {
        return length;
    }

    /** All tensors in the order of the vector. */
    public List<Parameter> parameters() {
        return new ArrayList<>(byName.values());
    }

    boolean has(String name) {
        return byName.containsKey(name);
    }

    /** @throws IllegalArgumentException if this stage has no such tensor */
    public Parameter parameter(String name) {
        Parameter parameter = byName.get(name);
        if (parameter == null) {
            throw new IllegalArgumentException("no parameter " + name + " in this stage");
        }
        return parameter;
    }
}
