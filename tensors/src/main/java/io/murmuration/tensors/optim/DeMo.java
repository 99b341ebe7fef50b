package io.murmuration.tensors.optim;

import io.murmuration.tensors.codec.Compressor;
import io.murmuration.tensors.codec.DctTopK;
import io.murmuration.tensors.codec.EncodedParts;
import io.murmuration.tensors.codec.ErrorFeedback;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * Decoupled momentum (Peng, Quesnelle and Kingma, arXiv 2411.19870, algorithm 1), in the order of operations of
 * bloc97/DeMo:
 *
 * <pre>
 * d := beta d + lr g                           the momentum, each replica its own
 * q := the k largest coefficients of each chunk's DCT of d
 * d := d - inverse(q)
 * Q := per slot the mean of q over the replicas that sent it
 * p := p (1 - lr wd) - lr sign(inverse(Q))     the same bits on every replica
 * </pre>
 *
 * A step is {@link #contribute} on each replica, {@link #combine} of all contributions in the order of the replicas, and
 * {@link #apply}; then {@code momentum().commit()}, or {@code rollback()} if the round failed. A sign turns one ulp into a
 * whole step, so contributions are always summed in the order of the replicas, never in that of their arrival.
 */
public final class DeMo {

    /**
     * @param decay beta, 0 to 1; 0.999 in the paper
     * @param chunk longest side of a chunk, 64 in the paper
     * @param topK coefficients sent of each chunk, 32 in the paper
     * @param weightDecay share of a decaying parameter that a step at learning rate 1 takes away, at least 0
     */
    public record Settings(double decay, int chunk, int topK, double weightDecay) {
        public Settings {
            if (!(decay >= 0 && decay <= 1 && weightDecay >= 0)) {
                throw new IllegalArgumentException(
                        "decay must be 0 to 1 and weight-decay at least 0, were " + decay + " and " + weightDecay);
            }
            if (chunk < 1 || topK < 1) {
                throw new IllegalArgumentException(
                        "chunk and top-k must be at least 1, were " + chunk + " and " + topK);
            }
        }
    }

    private final Settings settings;
    private final Tensors tensors;
    private final EncodedParts parts;
    private final Compressor momentum;

    /** The momentum starts at zero and lives as long as the arena. */
    public DeMo(Arena arena, Tensors tensors, Settings settings) {
        this.settings = settings;
        this.tensors = tensors;
        this.parts = tensors.encodedBy(shape -> DctTopK.of(shape, settings.chunk, settings.topK, false));
        this.momentum = new ErrorFeedback(arena, parts, settings.decay);
    }

    /** The momentum: its state, and what becomes of the last contribution. */
    public Compressor momentum() {
        return momentum;
    }

    /**
     * Accumulates the gradient and writes what this replica sends: {@code momentum().encodedSize()} bytes.
     *
     * @param gradientScale the gradient is multiplied by this too: mean over microbatches, clipping
     * @throws io.murmuration.tensors.codec.CodecException if the gradient is not finite; nothing has changed then
     */
    public void contribute(
            Floats gradient, float gradientScale, double learningRate, ByteBuffer target, Workers workers) {
        momentum.compress(gradient, (float) (learningRate * gradientScale), target, workers);
    }

    /**
     * What all contributions say together, before the sign.
     *
     * @param contributions in the order of the replicas, which all replicas agree on
     * @param update out: as long as the parameters
     * @throws io.murmuration.tensors.codec.CodecException if a contribution is not one
     */
    public void combine(List<ByteBuffer> contributions, Floats update, Workers workers) {
        parts.decodeSlotMeans(contributions, update, workers);
    }

    /** Decays the parameters and moves them against the sign of the update. */
    public void apply(Floats parameters, Floats update, double learningRate, Workers workers) {
        SignDescent.step(tensors, parameters, update, learningRate, settings.weightDecay, workers);
    }
}
