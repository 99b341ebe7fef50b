package io.murmuration.tensors.checkpoint;

import io.murmuration.tensors.data.DataException;
import io.murmuration.tensors.data.Tokeniser;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.optim.AdamW;
import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a checkpoint says about itself besides its numbers.
 *
 * @param model shape of the whole model
 * @param step optimiser steps done; also the count behind AdamW's bias correction
 * @param samplePosition sequences drawn so far: where the order of samples goes on
 * @param seed the run's seed
 * @param settings the run's settings by key, for whoever resumes
 */
public record CheckpointMeta(ModelSpec model, long step, long samplePosition, long seed, Map<String, String> settings) {
    /** Key of {@code settings}: the tokeniser that made the ids the model knows. */
    public static final String TOKENISER = "tokeniser";

    /** Key of {@code settings}: the inner optimiser whose state this is. */
    public static final String OPTIMISER = "optimiser";

    public CheckpointMeta {
        if (step < 0 || samplePosition < 0) {
            throw new IllegalArgumentException(
                    "expected a step and a sample position of at least 0, got " + step + " and " + samplePosition);
        }
        settings = Collections.unmodifiableMap(new TreeMap<>(settings));
    }

    /** The optimiser of the run; AdamW where none was noted. */
    public String optimiser() {
        return settings.getOrDefault(OPTIMISER, AdamW.NAME);
    }

    /**
     * The tokeniser of the model's text; {@code bytes} where none was noted.
     *
     * @throws CheckpointException if it is not known here
     */
    public Tokeniser tokeniser() {
        try {
            return Tokeniser.byName(settings.getOrDefault(TOKENISER, "bytes"));
        } catch (DataException e) {
            throw new CheckpointException("the checkpoint is of another version: " + e.getMessage(), e);
        }
    }
}
