package io.murmuration.tensors.checkpoint;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The vectors of one stage. They are only looked at, not kept.
 *
 * @param optimiser the optimiser's vectors by name, each laid out like the parameters; may be empty
 */
public record StageState(ParameterLayout layout, Floats parameters, Map<String, Floats> optimiser) {
    public StageState {
        optimiser = Collections.unmodifiableMap(new LinkedHashMap<>(optimiser));
        requireLength("parameters", layout, parameters);
        optimiser.forEach((name, vector) -> requireLength(name, layout, vector));
    }

    static void requireLength(String name, ParameterLayout layout, Floats vector) {
        if (vector.length() != layout.length()) {
            throw new IllegalArgumentException(
                    name + ": expected " + layout.length() + " numbers, got " + vector.length());
        }
    }
}
