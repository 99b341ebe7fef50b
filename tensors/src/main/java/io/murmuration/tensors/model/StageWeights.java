package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;
import java.util.ArrayList;
import java.util.List;

/**
 * Views of all tensors in a stage's vector, or in a gradient of the same layout.
 *
 * @param embedding {@code [vocabulary, dim]}, empty unless this is the first stage
 * @param layers one for each of the stage's layers
 * @param finalGain {@code [dim]}, empty unless this is the last stage
 * @param head {@code [vocabulary, dim]}, empty unless this is the last stage
 */
record StageWeights(Floats embedding, List<LayerWeights> layers, Floats finalGain, Floats head) {

    static StageWeights of(StagePlan.Slice slice, ParameterLayout layout, Floats vector) {
        List<LayerWeights> layers = new ArrayList<>();
        for (int layer = 0; layer < slice.layers(); layer++) {
            layers.add(LayerWeights.of(layout, vector, slice.firstLayer() + layer));
        }
        return new StageWeights(
                slice.first() ? LayerWeights.span(layout, vector, "model.embed_tokens.weight") : Floats.empty(),
                List.copyOf(layers),
                slice.last() ? LayerWeights.span(layout, vector, "model.norm.weight") : Floats.empty(),
                slice.last() ? LayerWeights.span(layout, vector, "lm_head.weight") : Floats.empty());
    }

    LayerWeights layer(int index) {
        return layers.get(index);
    }
}
