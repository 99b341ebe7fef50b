package io.murmuration.cluster.run;

/**
 * One committed optimiser step.
 *
 * @param step number of the step, from 1
 * @param loss mean training loss of the step's batch, nats per token
 * @param gradientNorm norm of the whole model's average gradient before clipping
 * @param learningRate the rate this step was made with
 * @param tokensPerSecond tokens of this step over the time since the step before
 * @param tokens tokens counted so far in this process
 * @param wireBytes encoded bytes that crossed between shards so far in this process
 * @param uncompressedBytes what the same tensors would have been in fp32
 * @param liveShards shards that take part
 * @param microbatchesCounted microbatches counted so far in this process, each once
 */
public record StepReport(
        long step,
        double loss,
        double gradientNorm,
        double learningRate,
        double tokensPerSecond,
        long tokens,
        long wireBytes,
        long uncompressedBytes,
        int liveShards,
        long microbatchesCounted) {

    /** How many times smaller the wire was than fp32; 1 while nothing was sent. */
    public double compressionRatio() {
        return wireBytes == 0 ? 1 : (double) uncompressedBytes / wireBytes;
    }
}
