package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Differences;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * DiLoCo's outer optimiser (Douillard et al., arXiv 2311.08105; OpenDiLoCo, arXiv 2407.07852; INTELLECT-1, arXiv 2412.01152). A
 * replica makes H local steps from theta, whose inner moments and schedule go on from round to round. Then
 *
 * <pre>
 * Delta_i = theta - theta_i                       pseudo-gradient of replica i
 * Delta   = mean of Delta_i                       uniform, or weighted by tokens
 * v      := mu v + Delta
 * theta  := theta - lr (Delta + mu v)             SGD with Nesterov's momentum
 * theta_i := theta
 * </pre>
 *
 * All replicas that apply the same mean hold the same bits afterwards. DiLoCo delayed by one step (arXiv 2502.12996) is the
 * same optimiser given the mean of the round before. One thread at a time.
 */
public final class DiLoCo {

    /** The parameters that all replicas agree on. */
    public static final String OUTER_PARAMETERS = "outer_parameters";

    /**
     * @param innerSteps H, local steps of a round, at least 1
     * @param learningRate of the outer step, above 0
     * @param momentum mu, 0 to below 1; 0 is plain SGD
     */
    public record Settings(int innerSteps, double learningRate, double momentum) {

        /** The paper's, and OpenDiLoCo's. */
        public static final Settings DILOCO = new Settings(500, 0.7, 0.9);

        /**
         * Five times more often, since rounds are cheap in 8 bits. Its paper averages in a codebook over mean +- 6 deviations,
         * the codec {@code uniform8:12}; its code in one of 6 deviations round 0, {@code uniform8:6:0}; hivemind, which both
         * stem from, in {@code uniform8}, 6 deviations round the mean. Which of them is a setting of the wire, not of the
         * optimiser.
         */
        public static final Settings INTELLECT_1 = new Settings(100, 0.7, 0.9);

        public Settings {
            if (innerSteps < 1) {
                throw new IllegalArgumentException("inner-steps must be at least 1, was " + innerSteps);
            }
            if (!(learningRate > 0 && learningRate <= Double.MAX_VALUE && momentum >= 0 && momentum < 1)) {
                throw new IllegalArgumentException(
                        "the outer learning rate must be above 0 and the outer momentum 0 to below 1, were "
                                + learningRate + " and " + momentum);
            }
        }
    }

    private final Settings settings;
    private final Floats parameters;
    private final Sgd outer;

    /** @param start the parameters that all replicas start from; copied */
    public DiLoCo(Arena arena, Floats start, Settings settings) {
        this.settings = settings;
        this.parameters = Floats.allocate(arena, start.length());
        this.parameters.copyFrom(start);
        this.outer = new Sgd.Settings(settings.momentum, settings.momentum > 0, 0).over(arena, start.length());
    }

    /** Whether a round ends with this inner step. */
    public boolean endsRound(long innerStep) {
        return innerStep > 0 && innerStep % settings.innerSteps == 0;
    }

    /** {@code delta := theta - local}. */
    public void pseudoGradient(Floats local, Floats delta) {
        Differences.subtract(parameters, local, delta, Workers.SERIAL);
    }

    /** Moves theta by the mean of the pseudo-gradients. */
    public void outerStep(Floats meanDelta) {
        // SGD's state does not depend on the number of the step.
        outer.step(parameters, meanDelta, 1, settings.learningRate, 1);
    }

    /** {@code local := theta}: the next round starts here. */
    public void restart(Floats local) {
        local.copyFrom(parameters);
    }

    /** theta, live. */
    public Floats parameters() {
        return parameters;
    }

    /** The live vectors by name, in the order of a checkpoint: theta, and the momentum if there is one. */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>();
        state.put(OUTER_PARAMETERS, parameters);
        state.putAll(outer.state());
        return Collections.unmodifiableMap(state);
    }
}
