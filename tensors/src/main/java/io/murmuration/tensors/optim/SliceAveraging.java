package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;

/**
 * Sparse parameter averaging (Pluralis Agora, arXiv 2607.13332): no gradient is exchanged. Replicas make local steps, and
 * every 20 of them they average one slice of the parameters themselves; after {@code slices} rounds every parameter was
 * averaged exactly once. What was learnt while the slice travelled is kept, since the correction is a difference:
 *
 * <pre>
 * sent  := theta[slice]
 * theta[slice] := theta[slice] + (mean(sent) - sent)
 * </pre>
 *
 * State: none but the slice under way. A round that fails is forgotten: its slice is due again a cycle later. One thread at
 * a time.
 */
public final class SliceAveraging {

    /**
     * @param every local steps between two rounds, at least 1
     * @param slices rounds that cover all parameters once, at least 1
     */
    public record Settings(int every, int slices) {

        /** The paper's: 5 % every 20 steps. */
        public static final Settings PAPER = new Settings(20, 20);

        public Settings {
            if (every < 1 || slices < 1) {
                throw new IllegalArgumentException(
                        "steps between rounds and slices must be at least 1, were " + every + " and " + slices);
            }
        }
    }

    private final Settings settings;
    private final long length;
    private final Floats sent;

    /** @param length numbers in the vector */
    public SliceAveraging(Arena arena, long length, Settings settings) {
        this.settings = settings;
        this.length = length;
        this.sent = Floats.allocate(arena, Math.ceilDiv(length, settings.slices));
    }

    /** Whether a round starts after this local step, counted from 1. */
    public boolean startsRound(long step) {
        return step > 0 && step % settings.every == 0;
    }

    /** Number of the round that starts after this local step, from 0. */
    public long round(long step) {
        return step / settings.every - 1;
    }

    /** First number of a round's slice. */
    public long offset(long round) {
        return bound(round % settings.slices);
    }

    /** Numbers in a round's slice; 0 if there are fewer numbers than slices. */
    public long length(long round) {
        return bound(round % settings.slices + 1) - offset(round);
    }

    private long bound(long slice) {
        // Split so that the product fits a long for every vector that fits memory.
        long whole = length / settings.slices;
        long rest = length % settings.slices;
        return whole * slice + rest * slice / settings.slices;
    }

    /** Notes and returns this replica's slice: what goes into the average. */
    public Floats send(long round, Floats parameters) {
        Floats slice = sent.slice(0, length(round));
        slice.copyFrom(parameters.slice(offset(round), length(round)));
        return slice;
    }

    /** Adds what the average of the slice differs from what this replica sent. */
    public void apply(long round, Floats mean, Floats parameters) {
        Chunkwise.run(
                1,
                (chunks, count) -> {
                    float[] theta = chunks[0];
                    float[] average = chunks[1];
                    float[] own = chunks[2];
                    for (int i = 0; i < count; i++) {
                        theta[i] += average[i] - own[i];
                    }
                },
                parameters.slice(offset(round), length(round)),
                mean,
                sent.slice(0, length(round)));
    }
}
