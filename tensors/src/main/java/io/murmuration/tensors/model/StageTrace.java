package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;
import java.util.List;

/**
 * The inside of a forward pass over {@code T} tokens.
 *
 * @param hidden {@code [T, dim]} before the stage's first layer and after each of its layers
 * @param normed {@code [T, dim]} after the final norm, empty unless the stage is the last
 * @param logits {@code [T, vocabulary]}, empty unless the stage is the last
 */
public record StageTrace(List<Floats> hidden, Floats normed, Floats logits) {

    public StageTrace {
        hidden = List.copyOf(hidden);
    }
}
