package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * DiLoCo with eager updates (Kale et al., arXiv 2502.12996): the round of phase t is under way while phase t+1 computes. At
 * the end of a phase a replica i of M steps with its own fresh pseudo-gradient and the others' of the phase before:
 *
 * <pre>
 * Delta = 1/M (Delta_i(t) + sum over j != i of Delta_j(t-1))
 *       = mean(t-1) + (Delta_i(t) - Delta_i(t-1)) / M
 * </pre>
 *
 * In the first phase there is nothing of the others, which counts as zero. Replicas differ, so their digests do, too.
 */
public final class EagerDiLoCo {

    /** This replica's pseudo-gradient of the phase before. */
    public static final String PREVIOUS_DELTA = "previous_delta";

    private final DiLoCo outer;
    private final Floats previous;
    private final Floats delta;

    /** @param start the parameters that all replicas start from; copied */
    public EagerDiLoCo(Arena arena, Floats start, DiLoCo.Settings settings) {
        this.outer = new DiLoCo(arena, start, settings);
        this.previous = Floats.allocate(arena, start.length());
        this.delta = Floats.allocate(arena, start.length());
    }

    /** {@code delta := theta - local}: what this replica contributes to the round that starts now. */
    public void pseudoGradient(Floats local, Floats fresh) {
        outer.pseudoGradient(local, fresh);
    }

    /**
     * The outer step at the end of a phase.
     *
     * @param fresh this replica's pseudo-gradient of this phase
     * @param meanOfPrevious mean of all replicas' of the phase before; empty in the first phase
     * @param replicas M, how many the mean was taken over, at least 1
     * @param local restarts from the new parameters
     */
    public void outerStep(Floats fresh, Optional<Floats> meanOfPrevious, int replicas, Floats local) {
        if (replicas < 1) {
            throw new IllegalArgumentException("expected at least 1 replica, got " + replicas);
        }
        if (meanOfPrevious.isPresent()) {
            delta.copyFrom(meanOfPrevious.get());
        } else {
            delta.clear();
        }
        float share = 1f / replicas;
        Chunkwise.run(
                1,
                (chunks, count) -> {
                    float[] sum = chunks[0];
                    float[] now = chunks[1];
                    float[] before = chunks[2];
                    for (int i = 0; i < count; i++) {
                        sum[i] += (now[i] - before[i]) * share;
                    }
                },
                delta,
                fresh,
                previous);
        previous.copyFrom(fresh);
        outer.outerStep(delta);
        outer.restart(local);
    }

    /** The live vectors by name, in the order of a checkpoint. */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>(outer.state());
        state.put(PREVIOUS_DELTA, previous);
        return Collections.unmodifiableMap(state);
    }
}
