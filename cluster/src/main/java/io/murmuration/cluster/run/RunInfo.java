package io.murmuration.cluster.run;

/**
 * What a run is about to do, known once everything is in place and before the first step.
 *
 * @param firstStep first step that will be made: 1, or the one after the checkpoint that is resumed
 * @param steps last step
 * @param parameters numbers in the whole model
 * @param shards shards that will hold it, over all stages
 * @param backend what computes, in words
 * @param corpus what is read, in words
 * @param bytesPerToken bytes of validation text per token; 1 for a tokeniser of bytes, not a number if unknown
 */
public record RunInfo(
        long firstStep, long steps, long parameters, int shards, String backend, String corpus, double bytesPerToken) {}
