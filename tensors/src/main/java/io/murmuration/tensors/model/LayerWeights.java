package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;

/**
 * Views of one decoder layer in a stage's vector, or in a gradient of the same layout.
 *
 * @param inputGain {@code [dim]}
 * @param queryKeyValue {@code [dim + 2 kvDim, dim]}: three projections that follow each other, used as one
 * @param output {@code [width, dim]}, {@code width = model.boundaryWidth()}
 * @param postGain {@code [dim]}
 * @param gateUp {@code [2 ffn, dim]}: two projections that follow each other, used as one
 * @param down {@code [width, ffn]}
 * @param outputGain {@code [dim]}, empty without gains of branches
 * @param downGain {@code [dim]}, empty without gains of branches
 */
record LayerWeights(
        Floats inputGain,
        Floats queryKeyValue,
        Floats output,
        Floats postGain,
        Floats gateUp,
        Floats down,
        Floats outputGain,
        Floats downGain) {

    static LayerWeights of(ModelSpec model, ParameterLayout layout, Floats vector, int layer) {
        String prefix = "model.layers." + layer + ".";
        return new LayerWeights(
                span(layout, vector, prefix + "input_layernorm.weight"),
                span(
                        layout,
                        vector,
                        prefix + "self_attn.q_proj.weight",
                        prefix + "self_attn.k_proj.weight",
                        prefix + "self_attn.v_proj.weight"),
                span(layout, vector, ParameterLayout.trained(model, prefix + "self_attn.o_proj.weight")),
                span(layout, vector, prefix + "post_attention_layernorm.weight"),
                span(layout, vector, prefix + "mlp.gate_proj.weight", prefix + "mlp.up_proj.weight"),
                span(layout, vector, ParameterLayout.trained(model, prefix + "mlp.down_proj.weight")),
                gain(model, layout, vector, prefix + "self_attn.o_proj.weight"),
                gain(model, layout, vector, prefix + "mlp.down_proj.weight"));
    }

    private static Floats gain(ModelSpec model, ParameterLayout layout, Floats vector, String projection) {
        return model.branchGain() ? span(layout, vector, ParameterLayout.gainOf(projection)) : Floats.empty();
    }

    /** Tensors that follow each other, as one slice. */
    static Floats span(ParameterLayout layout, Floats vector, String... names) {
        long start = layout.parameter(names[0]).offset();
        long end = start;
        for (String name : names) {
            ParameterLayout.Parameter parameter = layout.parameter(name);
            if (parameter.offset() != end) {
                throw new IllegalStateException(name + " does not follow the tensor before it");
            }
            end += parameter.length();
        }
        return vector.slice(start, end - start);
    }
}
