package io.murmuration.tensors.optim;

import io.murmuration.tensors.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * AdamW with decoupled weight decay (Loshchilov and Hutter, arXiv 1711.05101), in the order of operations of PyTorch's
 * {@code torch.optim.AdamW}:
 *
 * <pre>
 * p := p (1 - lr wd)                      decaying parameters only
 * m := b1 m + (1 - b1) g
 * v := b2 v + (1 - b2) g g
 * p := p - lr / (1 - b1^t) * (m / (sqrt(v) / sqrt(1 - b2^t) + epsilon))
 * </pre>
 */
public final class AdamW extends InnerOptimiser {

    /** As in the configuration. */
    public static final String NAME = "adamw";

    /** First moment, as in PyTorch's state. */
    public static final String EXP_AVG = "exp_avg";

    /** Second moment, as in PyTorch's state. */
    public static final String EXP_AVG_SQ = "exp_avg_sq";

    /**
     * @param beta1 decay of the first moment, 0 to below 1
     * @param beta2 decay of the second moment, 0 to below 1
     * @param epsilon added to the root of the second moment, above 0
     * @param weightDecay share of a decaying parameter that a step at learning rate 1 takes away, at least 0
     */
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay)
            implements InnerOptimiser.Settings {
        public Settings {
            requireBetas(beta1, beta2);
            requireEpsilonAndDecay(epsilon, weightDecay);
        }

        @Override
        public String name() {
            return NAME;
        }

        @Override
        public List<String> vectors() {
            return List.of(EXP_AVG, EXP_AVG_SQ);
        }

        @Override
        public AdamW over(Arena arena, ParameterLayout layout) {
            return new AdamW(arena, spans(layout), this);
        }

        @Override
        public AdamW over(Arena arena, long length) {
            return new AdamW(arena, uniform(length), this);
        }
    }

    private final Settings settings;

    private AdamW(Arena arena, List<Span> spans, Settings settings) {
        super(arena, spans, settings);
        this.settings = settings;
    }

    @Override
    Update update(float gradientScale, double learningRate, long step) {
        float decay = (float) (1 - learningRate * settings.weightDecay);
        float beta1 = (float) settings.beta1;
        float oneLessBeta1 = (float) (1 - settings.beta1);
        float beta2 = (float) settings.beta2;
        float oneLessBeta2 = (float) (1 - settings.beta2);
        float stepSize = (float) (learningRate / (1 - StrictMath.pow(settings.beta1, step)));
        float rootOfCorrection = (float) StrictMath.sqrt(1 - StrictMath.pow(settings.beta2, step));
        float epsilon = (float) settings.epsilon;
        return (p, g, state, decays, count) -> {
            float keep = decays ? decay : 1;
            float[] m = state[0];
            float[] v = state[1];
            for (int i = 0; i < count; i++) {
                float scaled = g[i] * gradientScale;
                float first = beta1 * m[i] + oneLessBeta1 * scaled;
                float second = beta2 * v[i] + oneLessBeta2 * (scaled * scaled);
                m[i] = first;
                v[i] = second;
                float denominator = (float) Math.sqrt(second) / rootOfCorrection + epsilon;
                p[i] = p[i] * keep - stepSize * (first / denominator);
            }
        };
    }
}
