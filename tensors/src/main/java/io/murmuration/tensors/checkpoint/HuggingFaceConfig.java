package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.tensors.model.ModelSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;

/**
 * {@code config.json} as {@code LlamaConfig} of Hugging Face transformers reads and writes it (tried with 5.18, whose
 * defaults are those here). What would make another network of it is refused with its key.
 */
final class HuggingFaceConfig {

    private static final String LLAMA = "llama";

    /** A model whose tensors are in part coordinates in a {@link io.murmuration.tensors.model.Subspace}. */
    private static final String SUBSPACE_LLAMA = "subspace_llama";

    private static final String SUBSPACE = "subspace";

    /** A model with tensors that no Llama has: gains of its branches. */
    private static final String GAINED_LLAMA = "branch_gain_llama";

    private static final String REFRESH = "subspace_refresh";

    private static final String BRANCH_GAIN = "branch_gain";

    private static final String ARCHITECTURE = "LlamaForCausalLM";
    private static final double DEFAULT_THETA = 10_000;
    private static final double DEFAULT_EPSILON = 1e-6;
    private static final int DEFAULT_POSITIONS = 2048;

    private HuggingFaceConfig() {}

    /**
     * @param dtype format of the numbers beside it
     * @param endOfText the token that ends a document, if there is one
     */
    static ObjectNode json(ModelSpec model, Dtype dtype, OptionalInt endOfText) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        boolean inside = model.subspace() > 0;
        // Whoever knows only Llama must not take the coordinates in a subspace for missing tensors, or leave gains out.
        json.putArray("architectures")
                .add((inside ? "Subspace" : model.branchGain() ? "BranchGain" : "") + ARCHITECTURE);
        json.put("model_type", type(inside, model.branchGain()));
        if (inside) {
            json.put(SUBSPACE, model.subspace());
            json.put(REFRESH, model.subspaceRefresh());
        }
        if (model.branchGain()) {
            json.put(BRANCH_GAIN, true);
        }
        json.put("vocab_size", model.vocabulary());
        json.put("hidden_size", model.dim());
        json.put("intermediate_size", model.ffn());
        json.put("num_hidden_layers", model.layers());
        json.put("num_attention_heads", model.heads());
        json.put("num_key_value_heads", model.kvHeads());
        json.put("head_dim", model.headDim());
        json.put("max_position_embeddings", model.sequence());
        json.put("rope_theta", model.ropeTheta());
        json.put("rms_norm_eps", model.rmsEpsilon());
        json.put("hidden_act", "silu");
        json.put("attention_bias", false);
        json.put("attention_dropout", 0.0);
        json.put("mlp_bias", false);
        json.put("tie_word_embeddings", model.tiedHead());
        // No token marks a beginning or a gap.
        json.putNull("bos_token_id");
        endOfText.ifPresentOrElse(id -> json.put("eos_token_id", id), () -> json.putNull("eos_token_id"));
        json.putNull("pad_token_id");
        json.put(
                "torch_dtype",
                switch (dtype) {
                    case F32 -> "float32";
                    case F16 -> "float16";
                    case BF16 -> "bfloat16";
                    case I64, U8 -> throw new IllegalArgumentException("expected floating point, got " + dtype);
                });
        return json;
    }

    /** @throws CheckpointException if it is not a model of this kind; names the file and the key */
    static ModelSpec model(Path file, JsonNode json) {
        boolean inside = json.has(SUBSPACE);
        boolean branchGain = json.path(BRANCH_GAIN).asBoolean();
        requireLlama(file, json, type(inside, branchGain));
        try {
            int heads = whole(json, "num_attention_heads");
            ModelSpec model = new ModelSpec(
                    whole(json, "vocab_size"),
                    whole(json, "hidden_size"),
                    whole(json, "num_hidden_layers"),
                    heads,
                    json.hasNonNull("num_key_value_heads") ? whole(json, "num_key_value_heads") : heads,
                    whole(json, "intermediate_size"),
                    json.hasNonNull("max_position_embeddings")
                            ? whole(json, "max_position_embeddings")
                            : DEFAULT_POSITIONS,
                    theta(json),
                    json.path("rms_norm_eps").asDouble(DEFAULT_EPSILON),
                    json.path("tie_word_embeddings").asBoolean(),
                    inside ? whole(json, SUBSPACE) : 0,
                    branchGain,
                    json.path(REFRESH).asInt());
            if (json.hasNonNull("head_dim") && whole(json, "head_dim") != model.headDim()) {
                throw new IllegalArgumentException("head_dim must be hidden_size / num_attention_heads = "
                        + model.headDim() + ", was " + json.path("head_dim"));
            }
            return model;
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": expected the shape of a Llama model: " + e.getMessage(), e);
        }
    }

    private static String type(boolean subspace, boolean branchGain) {
        return subspace ? SUBSPACE_LLAMA : branchGain ? GAINED_LLAMA : LLAMA;
    }

    private static double theta(JsonNode json) {
        JsonNode newer = json.path("rope_parameters").path("rope_theta");
        return newer.isMissingNode() ? json.path("rope_theta").asDouble(DEFAULT_THETA) : newer.asDouble();
    }

    /** Everything in the file that changes what the network computes must be as it is computed here. */
    private static void requireLlama(Path file, JsonNode json, String type) {
        require(file, json, "model_type", type);
        JsonNode architectures = json.path("architectures");
        if (type.equals(LLAMA)
                && !architectures.isMissingNode()
                && !architectures.isNull()
                && !contains(architectures, ARCHITECTURE)) {
            throw refused(file, "architectures", "[\"" + ARCHITECTURE + "\"]", architectures);
        }
        for (String bias : List.of("attention_bias", "mlp_bias")) {
            if (json.path(bias).asBoolean()) {
                throw refused(file, bias, "false", json.path(bias));
            }
        }
        if (json.hasNonNull("hidden_act")) {
            require(file, json, "hidden_act", "silu");
        }
        for (String rope : List.of("rope_scaling", "rope_parameters")) {
            JsonNode scaling = json.path(rope);
            JsonNode kind = scaling.path(scaling.has("rope_type") ? "rope_type" : "type");
            if (scaling.isObject() && !kind.isMissingNode() && !kind.asText().equals("default")) {
                throw refused(file, rope, "none, or the type default", scaling);
            }
            if (scaling.path("partial_rotary_factor").asDouble(1) != 1) {
                throw refused(file, rope, "a partial_rotary_factor of 1", scaling);
            }
        }
        if (json.path("partial_rotary_factor").asDouble(1) != 1) {
            throw refused(file, "partial_rotary_factor", "1", json.path("partial_rotary_factor"));
        }
        if (json.hasNonNull("quantization_config")) {
            throw refused(file, "quantization_config", "none", json.path("quantization_config"));
        }
    }

    private static void require(Path file, JsonNode json, String key, String expected) {
        if (!json.path(key).asText().toLowerCase(Locale.ROOT).equals(expected)) {
            throw refused(file, key, "\"" + expected + "\"", json.path(key));
        }
    }

    private static boolean contains(JsonNode array, String text) {
        for (JsonNode each : array) {
            if (each.asText().equals(text)) {
                return true;
            }
        }
        return false;
    }

    private static CheckpointException refused(Path file, String key, String expected, JsonNode got) {
        return new CheckpointException(
                file + ": " + key + ": expected " + expected + ", got " + (got.isMissingNode() ? "nothing" : got));
    }

    private static int whole(JsonNode json, String name) {
        if (!json.path(name).isIntegralNumber() || !json.path(name).canConvertToInt()) {
            throw new IllegalArgumentException(name + " must be a whole number, was " + json.path(name));
        }
        return json.path(name).intValue();
    }
}
