package io.murmuration.tensors.checkpoint;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import java.util.Map;

/** What a run starts from when it does not start from its seed. Any number of threads may read. */
public sealed interface StartingState permits CheckpointReader, HuggingFaceModel {

    /**
     * Reads what a stage needs.
     *
     * @param parameters where the stage's parameters go
     * @param optimiser where the optimiser's vectors go, by name: zeros, and left so if there is no such state
     * @throws CheckpointException if a tensor is missing or of another length; names the file
     */
    void read(ParameterLayout layout, Floats parameters, Map<String, Floats> optimiser);
}
