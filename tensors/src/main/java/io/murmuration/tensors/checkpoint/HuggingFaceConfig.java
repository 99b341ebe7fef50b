package io.murmuration.tensors.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.tensors.model.ModelSpec;
import java.nio.file.Path;

/** {@code config.json} as {@code LlamaConfig} of Hugging Face transformers reads it (tried with 5.18). */
final class HuggingFaceConfig {

    private HuggingFaceConfig() {}

    static ObjectNode json(ModelSpec model) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("LlamaForCausalLM");
        json.put("model_type", "llama");
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
        json.put("tie_word_embeddings", false);
        // Every token is a byte of text; none marks a beginning, an end or a gap.
        json.putNull("bos_token_id");
        json.putNull("eos_token_id");
        json.putNull("pad_token_id");
        json.put("torch_dtype", "float32");
        return json;
    }

    static ModelSpec model(Path file, JsonNode json) {
        try {
            return new ModelSpec(
                    whole(json, "vocab_size"),
                    whole(json, "hidden_size"),
                    whole(json, "num_hidden_layers"),
                    whole(json, "num_attention_heads"),
                    whole(json, "num_key_value_heads"),
                    whole(json, "intermediate_size"),
                    whole(json, "max_position_embeddings"),
                    json.path("rope_theta").asDouble(),
                    json.path("rms_norm_eps").asDouble());
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(file + ": expected the shape of a Llama model: " + e.getMessage(), e);
        }
    }

    private static int whole(JsonNode json, String name) {
        if (!json.path(name).canConvertToInt()) {
            throw new IllegalArgumentException(name + " must be a whole number, was " + json.path(name));
        }
        return json.path(name).intValue();
    }
}
