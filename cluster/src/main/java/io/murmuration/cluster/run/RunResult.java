package io.murmuration.cluster.run;

import java.nio.file.Path;
import java.util.Collections;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How a run ended.
 *
 * @param steps last committed step
 * @param trainLoss loss of that step, nats per token
 * @param validationLoss last validation, nats per token; NaN if there was none
 * @param bytesPerToken bytes of validation text per token; NaN if unknown
 * @param tokensPerSecond over the whole run
 * @param wireBytes encoded bytes that crossed between shards
 * @param microbatchesCounted microbatches counted, each once
 * @param parametersDigest hex digest of each stage's parameters
 * @param stoppedEarly the stop signal ended it before its last step
 * @param checkpoint newest checkpoint, if one was written
 * @param gradientAges gradients of microbatches, over all shards, by how many versions the parameters that they were computed
 *     with were older than those that they were applied to; empty where that was not counted
 */
public record RunResult(
        long steps,
        double trainLoss,
        double validationLoss,
        double bytesPerToken,
        double tokensPerSecond,
        long wireBytes,
        long microbatchesCounted,
        SortedMap<Integer, String> parametersDigest,
        boolean stoppedEarly,
        Optional<Path> checkpoint,
        SortedMap<Long, Long> gradientAges) {

    public RunResult {
        parametersDigest = Collections.unmodifiableSortedMap(new TreeMap<>(parametersDigest));
        gradientAges = Collections.unmodifiableSortedMap(new TreeMap<>(gradientAges));
    }

    /** The same with the ages of its gradients. */
    RunResult withGradientAges(SortedMap<Long, Long> ages) {
        return new RunResult(
                steps,
                trainLoss,
                validationLoss,
                bytesPerToken,
                tokensPerSecond,
                wireBytes,
                microbatchesCounted,
                parametersDigest,
                stoppedEarly,
                checkpoint,
                ages);
    }
}
