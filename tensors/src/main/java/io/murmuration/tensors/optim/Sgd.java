package io.murmuration.tensors.optim;

import io.murmuration.tensors.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * Stochastic gradient descent with momentum (Sutskever et al., ICML 2013), in the order of operations of PyTorch's
 * {@code torch.optim.SGD} without dampening, and with decoupled decay as in AdamW:
 *
 * <pre>
 * p := p (1 - lr wd)                      decaying parameters only
 * v := mu v + g
 * p := p - lr (g + mu v)                  with Nesterov's look-ahead
 * p := p - lr v                           without
 * </pre>
 *
 * Without momentum there is no state: {@code p := p - lr g}.
 */
public final class Sgd extends InnerOptimiser {

    /** As in the configuration. */
    public static final String NAME = "sgd";

    /** The velocity, as in PyTorch's state. */
    public static final String MOMENTUM_BUFFER = "momentum_buffer";

    /**
     * @param momentum decay of the velocity, 0 to below 1
     * @param nesterov whether to look ahead; needs momentum
     * @param weightDecay share of a decaying parameter that a step at learning rate 1 takes away, at least 0
     */
    public record Settings(double momentum, boolean nesterov, double weightDecay) implements InnerOptimiser.Settings {
        public Settings {
            if (!(momentum >= 0 && momentum < 1 && weightDecay >= 0)) {
                throw new IllegalArgumentException("momentum must be 0 to below 1 and weight-decay at least 0, were "
                        + momentum + " and " + weightDecay);
            }
            if (nesterov && momentum == 0) {
                throw new IllegalArgumentException("nesterov needs a momentum above 0, was 0");
            }
        }

        @Override
        public String name() {
            return NAME;
        }

        @Override
        public List<String> vectors() {
            return momentum == 0 ? List.of() : List.of(MOMENTUM_BUFFER);
        }

        @Override
        public Sgd over(Arena arena, ParameterLayout layout) {
            return new Sgd(arena, spans(layout), this);
        }

        @Override
        public Sgd over(Arena arena, long length) {
            return new Sgd(arena, uniform(length), this);
        }
    }

    private final Settings settings;

    private Sgd(Arena arena, List<Span> spans, Settings settings) {
        super(arena, spans, settings);
        this.settings = settings;
    }

    @Override
    Update update(float gradientScale, double learningRate, long step) {
        float decay = (float) (1 - learningRate * settings.weightDecay);
        float rate = (float) learningRate;
        float momentum = (float) settings.momentum;
        if (settings.momentum == 0) {
            return (p, g, state, decays, count) -> {
                float keep = decays ? decay : 1;
                for (int i = 0; i < count; i++) {
                    p[i] = p[i] * keep - rate * (g[i] * gradientScale);
                }
            };
        }
        if (settings.nesterov) {
            return (p, g, state, decays, count) -> {
                float keep = decays ? decay : 1;
                float[] v = state[0];
                for (int i = 0; i < count; i++) {
                    float slope = g[i] * gradientScale;
                    float velocity = momentum * v[i] + slope;
                    v[i] = velocity;
                    p[i] = p[i] * keep - rate * (slope + momentum * velocity);
                }
            };
        }
        return (p, g, state, decays, count) -> {
            float keep = decays ? decay : 1;
            float[] v = state[0];
            for (int i = 0; i < count; i++) {
                float velocity = momentum * v[i] + g[i] * gradientScale;
                v[i] = velocity;
                p[i] = p[i] * keep - rate * velocity;
            }
        };
    }
}
