package io.murmuration.tensors.optim;

import io.murmuration.tensors.codec.Compressor;
import io.murmuration.tensors.codec.DctTopK;
import io.murmuration.tensors.codec.EncodedParts;
import io.murmuration.tensors.codec.SignedMomentum;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * DisTrO as Psyche runs it (PsycheFoundation/psyche, {@code shared/modeling/src/distro.rs} and {@code trainer.rs}): DeMo of
 * which only signs travel, and whose transfer hides behind computing. Round r of a replica:
 *
 * <pre>
 * begin:       p := p (1 - lr wd) - lr sign(update of round r - 2)          if there is one
 * lookAhead:   p' := p - lr' sign(d)          lr' of round r - 1; forward and backward pass see p'
 * undo:        p again, bit for bit
 * contribute:  d := (d - what was selected in round r - 1) beta + lr g, and send slots and signs of the selection
 * receive:     update of round r := inverse(per slot the mean sign over the replicas that sent it)
 * </pre>
 *
 * What was selected stays in d for a round, at full precision, so that the look-ahead covers what is under way. Replicas
 * differ in d and agree in p, so the look-ahead is undone from a copy: subtracting and adding again would not give the
 * same bits.
 */
public final class DisTrO {

    /** The updates of the last even and the last odd round, before the sign. */
    public static final String UPDATE_EVEN = "update_even";

    public static final String UPDATE_ODD = "update_odd";

    /**
     * @param decay beta, 0 to 1; 0.999 in Psyche
     * @param chunk longest side of a chunk; 64 in Psyche
     * @param topK coefficients sent of each chunk; 8 in Psyche
     * @param weightDecay share of a decaying parameter that a step at learning rate 1 takes away, at least 0
     * @param ramp rounds over which the learning rate climbs after a cold start, at least 0
     */
    public record Settings(double decay, int chunk, int topK, double weightDecay, long ramp) {
        public Settings {
            if (!(decay >= 0 && decay <= 1 && weightDecay >= 0)) {
                throw new IllegalArgumentException(
                        "decay must be 0 to 1 and weight-decay at least 0, were " + decay + " and " + weightDecay);
            }
            if (chunk < 1 || topK < 1 || ramp < 0) {
                throw new IllegalArgumentException("chunk and top-k must be at least 1 and ramp at least 0, were "
                        + chunk + ", " + topK + " and " + ramp);
            }
        }
    }

    private final Settings settings;
    private final Tensors tensors;
    private final EncodedParts parts;
    private final Compressor momentum;
    private final List<Floats> updates;
    private final Floats saved;
    private boolean ahead;

    /** All starts at zero: the first two rounds apply nothing. Seven vectors that live as long as the arena. */
    public DisTrO(Arena arena, Tensors tensors, Settings settings) {
        this.settings = settings;
        this.tensors = tensors;
        this.parts = tensors.encodedBy(shape -> DctTopK.of(shape, settings.chunk, settings.topK, true));
        this.momentum = new SignedMomentum(arena, parts, settings.decay);
        this.updates = List.of(Floats.allocate(arena, parts.length()), Floats.allocate(arena, parts.length()));
        this.saved = Floats.allocate(arena, parts.length());
    }

    /** The momentum: what becomes of the last contribution. */
    public Compressor momentum() {
        return momentum;
    }

    /**
     * The scheduled learning rate, lower while a run that began without optimiser state gathers momentum: a straight
     * line that reaches the whole of it after {@code ramp} rounds.
     *
     * @param coldStart the round in which the state was last zero
     */
    public double learningRate(Schedule schedule, long round, long coldStart) {
        double share = (round - coldStart + 1.0) / (settings.ramp + 1.0);
        return schedule.learningRate(round) * Math.max(0, Math.min(1, share));
    }

    /**
     * Applies the update of round {@code round - 2}, and forgets it. An update of zeros is none: nothing decays then either,
     * so a round that failed leaves the parameters as they are. That follows from the saved state alone.
     */
    public void begin(long round, Floats parameters, double learningRate, Workers workers) {
        requireBehind();
        Floats update = update(round);
        if (isZero(update)) {
            return;
        }
        SignDescent.step(tensors, parameters, update, learningRate, settings.weightDecay, workers);
        update.clear();
    }

    /**
     * Moves the parameters to where the own momentum will take them.
     *
     * @param lastLearningRate that of the round before
     */
    public void lookAhead(Floats parameters, double lastLearningRate, Workers workers) {
        requireBehind();
        saved.copyFrom(parameters);
        Floats delta = momentum.state().get(SignedMomentum.DELTA);
        SignDescent.step(tensors, parameters, delta, lastLearningRate, 0, workers);
        ahead = true;
    }

    /** Gives the parameters the bits that they had before {@link #lookAhead}. */
    public void undo(Floats parameters) {
        if (!ahead) {
            throw new IllegalStateException("expected a look-ahead to undo");
        }
        parameters.copyFrom(saved);
        ahead = false;
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
     * Keeps what the contributions of a round say together, until {@link #begin} of round {@code round + 2}.
     *
     * @param contributions in the order of the replicas, which all replicas agree on
     * @throws io.murmuration.tensors.codec.CodecException if a contribution is not one; the round then has no update
     */
    public void receive(long round, List<ByteBuffer> contributions, Workers workers) {
        Floats update = update(round);
        try {
            parts.decodeSlotMeans(contributions, update, workers);
        } catch (RuntimeException e) {
            update.clear();
            throw e;
        }
    }

    /** Momentum and the updates on their way, by name, in the order of a checkpoint; see {@link Compressor#state}. */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>(momentum.state());
        state.put(UPDATE_EVEN, updates.get(0));
        state.put(UPDATE_ODD, updates.get(1));
        return Collections.unmodifiableMap(state);
    }

    /** Looks no further than to the first number that is not: behind a round that went well, a few numbers. */
    private static boolean isZero(Floats update) {
        long at = 0;
        while (at < update.length() && update.get(at) == 0) {
            at++;
        }
        return at == update.length();
    }

    private Floats update(long round) {
        if (round < 0) {
            throw new IllegalArgumentException("round must be at least 0, was " + round);
        }
        return updates.get((int) (round % 2));
    }

    private void requireBehind() {
        if (ahead) {
            throw new IllegalStateException("expected the look-ahead to be undone first");
        }
    }
}
