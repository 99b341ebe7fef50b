package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;
import java.util.ArrayList;
import java.util.List;

/**
 * Views of all tensors in a stage's vector, or in a gradient of the same layout.
 *
 * @param embedding {@code [vocabulary, model.boundaryWidth()]}, empty unless this is the first stage
 * @param layers one for each of the stage's layers
 * @param finalGain {@code [dim]}, empty unless this is the last stage
 * @param head {@code [vocabulary, dim]}, the embedding itself if it is tied; empty unless this is the last stage
 */
record StageWeights(Floats embedding, List<LayerWeights> layers, Floats finalGain, Floats head) {

    static StageWeights of(ModelSpec model, StagePlan.Slice slice, ParameterLayout layout, Floats vector) {
        List<LayerWeights> layers = new ArrayList<>();
        for (int layer = 0; layer < slice.layers(); layer++) {
            layers.add(LayerWeights.of(model, layout, vector, slice.firstLayer() + layer));
        }
        String embedding = ParameterLayout.trained(model, ParameterLayout.EMBEDDING);
        // Both gradients are added to what is there, so one slice may take both.
        String head = layout.has(ParameterLayout.HEAD) ? ParameterLayout.HEAD : embedding;
        return new StageWeights(
                slice.first() ? LayerWeights.span(layout, vector, embedding) : Floats.empty(),
                List.copyOf(layers),
                slice.last() ? LayerWeights.span(layout, vector, "model.norm.weight") : Floats.empty(),
                slice.last() ? LayerWeights.span(layout, vector, head) : Floats.empty());
    }

    LayerWeights layer(int index) {
        return layers.get(index);
    }
}
