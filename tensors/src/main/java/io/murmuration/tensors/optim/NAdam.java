package io.murmuration.tensors.optim;

import io.murmuration.tensors.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * NAdam: Adam with Nesterov's look-ahead (Dozat, "Incorporating Nesterov Momentum into Adam", 2016), in the order of
 * operations of PyTorch's {@code torch.optim.NAdam}. With decoupled decay and beta1 0.99 it corrects for stale gradients in
 * an asynchronous pipeline (AsyncPP, arXiv 2505.01099).
 *
 * <pre>
 * p := p (1 - lr wd)                      decoupled decay, decaying parameters only
 * g := g + wd p                           otherwise (L2), likewise
 * mu_t = b1 (1 - 0.5 * 0.96^(t md))       M_t = mu_1 mu_2 ... mu_t
 * m := b1 m + (1 - b1) g
 * v := b2 v + (1 - b2) g g
 * d = sqrt(v / (1 - b2^t)) + epsilon
 * p := p - lr (1 - mu_t) / (1 - M_t) * (g / d)
 * p := p - lr mu_(t+1) / (1 - M_t mu_(t+1)) * (m / d)
 * </pre>
 *
 * M_t follows from the number of the step alone, so it is no part of the state: it is multiplied up in fp64 from step 1, which
 * gives the same bits whether it is done step by step or at once after a restart (0.1 s per million steps).
 */
public final class NAdam extends InnerOptimiser {

    /** As in the configuration. */
    public static final String NAME = "nadam";

    /** The base of the momentum's schedule; Dozat's and PyTorch's constant. */
    private static final double SCHEDULE_BASE = 0.96;

    /** Momentum of a pipeline's last stage, and how much more the first of very many has. */
    private static final double LEAST_MOMENTUM = 0.9;

    private static final double MOMENTUM_RANGE = 0.09;

    /**
     * @param beta1 decay of the first moment and final momentum, 0 to below 1
     * @param beta2 decay of the second moment, 0 to below 1
     * @param epsilon added to the root of the second moment, above 0
     * @param weightDecay share of a decaying parameter that a step at learning rate 1 takes away, at least 0
     * @param momentumDecay how fast the momentum climbs from half of beta1 to beta1, at least 0; PyTorch's is 0.004
     * @param decoupled whether decay is applied to the parameter (as in AdamW) or added to its gradient (L2)
     * @param byStage whether each stage has {@link #momentumOfStage} in place of {@code beta1}
     */
    public record Settings(
            double beta1,
            double beta2,
            double epsilon,
            double weightDecay,
            double momentumDecay,
            boolean decoupled,
            boolean byStage)
            implements InnerOptimiser.Settings {
        public Settings {
            requireBetas(beta1, beta2);
            requireEpsilonAndDecay(epsilon, weightDecay);
            if (!(momentumDecay >= 0 && momentumDecay <= Double.MAX_VALUE)) {
                throw new IllegalArgumentException("momentum-decay must be at least 0, was " + momentumDecay);
            }
        }

        /** The same beta1 in every stage. */
        public Settings(
                double beta1,
                double beta2,
                double epsilon,
                double weightDecay,
                double momentumDecay,
                boolean decoupled) {
            this(beta1, beta2, epsilon, weightDecay, momentumDecay, decoupled, false);
        }

        @Override
        public Settings atStage(int stage, int stages) {
            return byStage
                    ? new Settings(
                            momentumOfStage(stage, stages),
                            beta2,
                            epsilon,
                            weightDecay,
                            momentumDecay,
                            decoupled,
                            false)
                    : this;
        }

        @Override
        public String name() {
            return NAME;
        }

        @Override
        public List<String> vectors() {
            return List.of(AdamW.EXP_AVG, AdamW.EXP_AVG_SQ);
        }

        @Override
        public NAdam over(Arena arena, ParameterLayout layout) {
            requireStage();
            return new NAdam(arena, spans(layout), this);
        }

        @Override
        public NAdam over(Arena arena, long length) {
            requireStage();
            return new NAdam(arena, uniform(length), this);
        }

        private void requireStage() {
            if (byStage) {
                throw new IllegalStateException("beta1 depends on the stage: expected the settings of one, of atStage");
            }
        }

        /** mu_t. */
        private double momentum(long step) {
            return beta1 * (1 - 0.5 * StrictMath.pow(SCHEDULE_BASE, step * momentumDecay));
        }
    }

    /** M_t of a step. */
    private record Product(long step, double value) {}

    private final Settings settings;
    /** The last product that was needed. Ranges that run at the same time write the same one. */
    private volatile Product last = new Product(0, 1);

    private NAdam(Arena arena, List<Span> spans, Settings settings) {
        super(arena, spans, settings);
        this.settings = settings;
    }

    /**
     * The momentum of a stage that makes up for its delay in a pipeline of P stages, {@code gamma_i = 0.9 + 0.09 (P - i) / P} with i
     * from 1 (AsyncPP, arXiv 2505.01099): the first stage's is highest, the last one's 0.9.
     *
     * @param stage from 0
     * @param stages stages of the pipeline
     */
    public static double momentumOfStage(int stage, int stages) {
        if (stage < 0 || stage >= stages) {
            throw new IllegalArgumentException("expected a stage from 0 to " + (stages - 1) + ", got " + stage);
        }
        return LEAST_MOMENTUM + MOMENTUM_RANGE * (stages - (stage + 1)) / stages;
    }

    /** mu_1 mu_2 ... mu_t, as PyTorch keeps it in its state under {@code mu_product}; 1 at step 0. */
    public double momentumProduct(long step) {
        Product product = last;
        if (product.step > step) {
            product = new Product(0, 1);
        }
        double value = product.value;
        for (long t = product.step + 1; t <= step; t++) {
            value *= settings.momentum(t);
        }
        last = new Product(step, value);
        return value;
    }

    @Override
    Update update(float gradientScale, double learningRate, long step) {
        double product = momentumProduct(step);
        double next = settings.momentum(step + 1);
        float decay = settings.decoupled ? (float) (1 - learningRate * settings.weightDecay) : 1;
        float penalty = settings.decoupled ? 0 : (float) settings.weightDecay;
        float beta1 = (float) settings.beta1;
        float oneLessBeta1 = (float) (1 - settings.beta1);
        float beta2 = (float) settings.beta2;
        float oneLessBeta2 = (float) (1 - settings.beta2);
        float correction = (float) (1 - StrictMath.pow(settings.beta2, step));
        float gradientStep = (float) (learningRate * (1 - settings.momentum(step)) / (1 - product));
        float momentumStep = (float) (learningRate * next / (1 - product * next));
        float epsilon = (float) settings.epsilon;
        return (p, g, state, decays, count) -> {
            float keep = decays ? decay : 1;
            float pull = decays ? penalty : 0;
            float[] m = state[0];
            float[] v = state[1];
            for (int i = 0; i < count; i++) {
                float kept = p[i] * keep;
                float slope = g[i] * gradientScale + pull * kept;
                float first = beta1 * m[i] + oneLessBeta1 * slope;
                float second = beta2 * v[i] + oneLessBeta2 * (slope * slope);
                m[i] = first;
                v[i] = second;
                float denominator = (float) Math.sqrt(second / correction) + epsilon;
                p[i] = kept - gradientStep * (slope / denominator) - momentumStep * (first / denominator);
            }
        };
    }
}
