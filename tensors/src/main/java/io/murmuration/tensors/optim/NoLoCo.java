package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Differences;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.data.SampleOrder;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * NoLoCo's outer optimiser (Kolehmainen et al., arXiv 2506.10911): no all-reduce. After H local steps each replica meets one
 * other; with phi the slow weights, theta the local ones, and means over the two of a pair,
 *
 * <pre>
 * m   := mu m + beta mean(theta - phi) + gamma (mean(phi) - phi)
 * phi := phi + m
 * theta := phi
 * </pre>
 *
 * gamma pulls the replicas together, which nothing else does. Who has no partner in a round, or a silent one, makes no
 * outer step in it and goes on with its local steps: a lone replica never applies its own un-averaged update. Its progress
 * counts in the next round. Replicas differ, so their digests do, too. One thread at a time.
 */
public final class NoLoCo {

    /** phi. */
    public static final String SLOW_PARAMETERS = "slow_parameters";

    /** m. */
    public static final String MOMENTUM = "outer_momentum";

    /**
     * @param innerSteps H, local steps of a round, at least 1
     * @param momentum mu, 0 to below 1
     * @param beta weight of the mean progress, above 0
     * @param gamma weight of the pull towards the partner, at least 0
     */
    public record Settings(int innerSteps, double momentum, double beta, double gamma) {

        /** The paper's. */
        public static final Settings PAPER = new Settings(50, 0.5, 0.7, 0.7);

        public Settings {
            if (innerSteps < 1) {
                throw new IllegalArgumentException("inner-steps must be at least 1, was " + innerSteps);
            }
            if (!(momentum >= 0 && momentum < 1 && beta > 0 && gamma >= 0)) {
                throw new IllegalArgumentException(
                        "momentum must be 0 to below 1, beta above 0 and gamma at least 0, were " + momentum + ", "
                                + beta + " and " + gamma);
            }
        }
    }

    /** Two replicas that meet in a round. */
    public record Pair<K>(K first, K second) {}

    private final Settings settings;
    private final Floats slow;
    private final Floats momentum;

    /** @param start the parameters that this replica starts from; copied */
    public NoLoCo(Arena arena, Floats start, Settings settings) {
        this.settings = settings;
        this.slow = Floats.allocate(arena, start.length());
        this.slow.copyFrom(start);
        this.momentum = Floats.allocate(arena, start.length());
    }

    /**
     * Who meets whom: neighbours in a permutation that follows from seed and round, so everybody knows it without a word.
     * Of an odd number one is in no pair, another one from round to round.
     *
     * @param replicas all that take part, in the order that all agree on
     * @param round from 0
     */
    public static <K> List<Pair<K>> pairs(long seed, long round, List<K> replicas) {
        List<Pair<K>> pairs = new ArrayList<>();
        if (replicas.size() > 1) {
            SampleOrder order = new SampleOrder(seed, replicas.size());
            long start = Math.multiplyExact(round, (long) replicas.size());
            for (int i = 0; i + 1 < replicas.size(); i += 2) {
                K first = replicas.get((int) order.sample(start + i));
                K second = replicas.get((int) order.sample(start + i + 1));
                pairs.add(new Pair<>(first, second));
            }
        }
        return List.copyOf(pairs);
    }

    /** Whether a round ends with this inner step. */
    public boolean endsRound(long innerStep) {
        return innerStep > 0 && innerStep % settings.innerSteps == 0;
    }

    /** {@code progress := local - phi}: goes to the partner together with phi. */
    public void progress(Floats local, Floats progress) {
        Differences.subtract(local, slow, progress, Workers.SERIAL);
    }

    /**
     * The outer step with a partner that was heard. Means of two are the same bits at both ends: addition commutes.
     *
     * @param progress this replica's
     * @param partnerProgress the partner's theta - phi
     * @param partnerSlow the partner's phi before the step
     * @param local restarts from the new phi
     */
    public void outerStep(Floats progress, Floats partnerProgress, Floats partnerSlow, Floats local) {
        float mu = (float) settings.momentum;
        float beta = (float) settings.beta;
        float gamma = (float) settings.gamma;
        Chunkwise.run(
                2,
                (chunks, count) -> {
                    float[] m = chunks[0];
                    float[] phi = chunks[1];
                    float[] own = chunks[2];
                    float[] other = chunks[3];
                    float[] otherPhi = chunks[4];
                    for (int i = 0; i < count; i++) {
                        float meanProgress = (own[i] + other[i]) * 0.5f;
                        float meanPhi = (phi[i] + otherPhi[i]) * 0.5f;
                        m[i] = mu * m[i] + beta * meanProgress + gamma * (meanPhi - phi[i]);
                        phi[i] += m[i];
                    }
                },
                momentum,
                slow,
                progress,
                partnerProgress,
                partnerSlow);
        local.copyFrom(slow);
    }

    /** phi, live: what a partner is sent. */
    public Floats slow() {
        return slow;
    }

    /** The live vectors by name, in the order of a checkpoint. */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>();
        state.put(SLOW_PARAMETERS, slow);
        state.put(MOMENTUM, momentum);
        return Collections.unmodifiableMap(state);
    }
}
