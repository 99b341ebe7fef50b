package io.murmuration.tensors.optim;

import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.codec.Compressor;
import io.murmuration.tensors.codec.EncodedParts;
import io.murmuration.tensors.codec.ErrorFeedback;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.reduce.FixedOrderSum;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/**
 * The outer step of SparseLoCo (Sarfi et al., arXiv 2508.15706, algorithm 1; tplr-ai/templar): after H local steps, with
 * pseudo-gradient {@code Delta = p before - p after},
 *
 * <pre>
 * e := beta e + rate Delta                each replica its own
 * q := the k largest of each chunk of 4096 numbers, 2 bits each
 * e := e - q
 * p := p before - outer lr * mean(q)      the same bits on every replica
 * </pre>
 *
 * A chunk is a run of consecutive numbers of the flattened tensor, not the paper's square of 64 x 64: as many numbers, but
 * tensors of any shape are cut alike, and it is what the golden group {@code sparse2bit} defines.
 *
 * <p>Before the mean each replica's block, the part of its q that belongs to one tensor, is scaled down to the median norm
 * of that block over the replicas. Of an even number of norms the lower middle one is the median, as in PyTorch.
 *
 * <p>A round is {@link #contribute} on each replica, {@link #combine} of all contributions in the order of the replicas,
 * and {@link #apply}; then {@code feedback().commit()}, or {@code rollback()} if the round failed.
 */
public final class SparseLoCo {

    /**
     * @param decay beta, 0 to 1; 0.95 in the paper
     * @param rate what a pseudo-gradient is multiplied by when it is accumulated, above 0
     * @param outerLearningRate above 0; 1 in the paper
     * @param chunk consecutive numbers of a chunk, 1 to 4096; 64 x 64 in the paper
     * @param topK numbers sent of each chunk, 1 to {@code chunk}; 64 in the paper
     */
    public record Settings(double decay, double rate, double outerLearningRate, int chunk, int topK) {
        public Settings {
            if (!(decay >= 0 && decay <= 1)) {
                throw new IllegalArgumentException("decay must be 0 to 1, was " + decay);
            }
            if (!(rate > 0 && outerLearningRate > 0)) {
                throw new IllegalArgumentException(
                        "rate and outer-learning-rate must be above 0, were " + rate + " and " + outerLearningRate);
            }
        }
    }

    private final Settings settings;
    private final EncodedParts parts;
    private final Compressor feedback;
    private final Floats block;

    /** The residual starts at zero and lives as long as the arena. */
    public SparseLoCo(Arena arena, Tensors tensors, Settings settings) {
        this.settings = settings;
        this.parts = tensors.encodedBy(shape -> Codecs.sparse2Bit(settings.chunk, settings.topK));
        this.feedback = new ErrorFeedback(arena, parts, settings.decay);
        this.block = Floats.allocate(arena, parts.longest());
    }

    /** The residual: its state, and what becomes of the last contribution. */
    public Compressor feedback() {
        return feedback;
    }

    /**
     * Accumulates the pseudo-gradient and writes what this replica sends: {@code feedback().encodedSize()} bytes.
     *
     * @throws io.murmuration.tensors.codec.CodecException if it is not finite; nothing has changed then
     */
    public void contribute(Floats pseudoGradient, ByteBuffer target, Workers workers) {
        feedback.compress(pseudoGradient, (float) settings.rate, target, workers);
    }

    /**
     * The mean of the contributions, each block clipped to the median norm.
     *
     * @param contributions in the order of the replicas, which all replicas agree on; at least one
     * @param update out: as long as the parameters
     * @throws io.murmuration.tensors.codec.CodecException if a contribution is not one
     */
    public void combine(List<ByteBuffer> contributions, Floats update, Workers workers) {
        if (contributions.isEmpty()) {
            throw new IllegalArgumentException("expected at least one contribution");
        }
        List<List<ByteBuffer>> encoded =
                contributions.stream().map(parts::split).toList();
        for (int index = 0; index < parts.parts().size(); index++) {
            Floats mean = parts.slice(update, index);
            Floats own = block.slice(0, mean.length());
            double[] norms = new double[encoded.size()];
            for (int replica = 0; replica < norms.length; replica++) {
                parts.decode(index, encoded.get(replica).get(index), own, workers);
                norms[replica] = Math.sqrt(Norms.squaredNorm(own));
            }
            double median = lowerMedian(norms);
            mean.clear();
            for (int replica = 0; replica < norms.length; replica++) {
                parts.decode(index, encoded.get(replica).get(index), own, workers);
                if (norms[replica] > median) {
                    FixedOrderSum.scale(own, (float) (median / norms[replica]));
                }
                FixedOrderSum.add(mean, own);
            }
            FixedOrderSum.scale(mean, 1f / norms.length);
        }
    }

    /**
     * {@code parameters := parameters - outerLearningRate * update}: the product and the difference are rounded once each.
     *
     * @param parameters those from before the local steps
     * @param update as {@link #combine} wrote it; stays as it is
     */
    public void apply(Floats parameters, Floats update) {
        float rate = (float) settings.outerLearningRate;
        Chunkwise.run(
                1,
                (chunks, count) -> {
                    float[] p = chunks[0];
                    float[] u = chunks[1];
                    for (int i = 0; i < count; i++) {
                        p[i] -= rate * u[i];
                    }
                },
                parameters,
                update);
    }

    private static double lowerMedian(double[] norms) {
        double[] sorted = norms.clone();
        Arrays.sort(sorted);
        return sorted[(sorted.length - 1) / 2];
    }
}
