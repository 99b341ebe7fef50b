package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
 *
 * Coefficients are computed in fp64 and rounded to fp32 once; the rest is fp32. Each number is updated on its own, so a
 * cut into ranges does not change a bit. One thread per range; ranges of one step may run at the same time.
 */
public final class AdamW {

    /** Ranges of a step start and end at multiples of this, or at the end of the vector. */
    public static final int CHUNK = 4096;

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
    public record Settings(double beta1, double beta2, double epsilon, double weightDecay) {
        public Settings {
            if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
                throw new IllegalArgumentException(
                        "betas must be at least 0 and below 1, were " + beta1 + " and " + beta2);
            }
            if (!(epsilon > 0 && weightDecay >= 0)) {
                throw new IllegalArgumentException(
                        "epsilon must be above 0 and weight-decay at least 0, were " + epsilon + " and " + weightDecay);
            }
        }
    }

    /** Numbers of the vector from {@code start} to before {@code end} that are treated alike. */
    private record Span(long start, long end, boolean decays) {}

    private final Settings settings;
    private final List<Span> spans;
    private final Floats expAvg;
    private final Floats expAvgSq;
    private final long length;

    /** Moments start at zero and live as long as {@code arena}. Matrices decay, gains do not. */
    public AdamW(Arena arena, ParameterLayout layout, Settings settings) {
        this(arena, spans(layout), layout.length(), settings);
    }

    private AdamW(Arena arena, List<Span> spans, long length, Settings settings) {
        this.settings = settings;
        this.spans = spans;
        this.length = length;
        this.expAvg = Floats.allocate(arena, length);
        this.expAvgSq = Floats.allocate(arena, length);
    }

    /** For a vector without a layout: all of it decays, as in PyTorch when all parameters are in one group. */
    public static AdamW uniform(Arena arena, long length, Settings settings) {
        return new AdamW(arena, List.of(new Span(0, length, true)), length, settings);
    }

    /** One step over the whole vector. */
    public void step(Floats parameters, Floats gradient, float gradientScale, double learningRate, long step) {
        step(parameters, gradient, gradientScale, learningRate, step, 0, length);
    }

    /**
     * The part of a step that concerns the numbers from {@code from} to before {@code to}.
     *
     * @param gradientScale the gradient is multiplied by this first: mean over microbatches, clipping
     * @param step number of the step, from 1
     * @param from a multiple of {@link #CHUNK}
     * @param to a multiple of {@link #CHUNK}, or the length of the vector
     */
    public void step(
            Floats parameters,
            Floats gradient,
            float gradientScale,
            double learningRate,
            long step,
            long from,
            long to) {
        if (parameters.length() != length || gradient.length() != length) {
            throw new IllegalArgumentException("expected " + length + " parameters and gradients, got "
                    + parameters.length() + " and " + gradient.length());
        }
        if (step < 1
                || from < 0
                || to > length
                || from > to
                || from % CHUNK != 0
                || (to % CHUNK != 0 && to != length)) {
            throw new IllegalArgumentException("expected a step from 1 and a range of multiples of " + CHUNK
                    + " within " + length + ", got step " + step + ", " + from + " to " + to);
        }
        Coefficients coefficients = new Coefficients(settings, gradientScale, learningRate, step);
        Scratch scratch = new Scratch((int) Math.min(CHUNK, to - from));
        for (Span span : spans) {
            float decay = span.decays ? coefficients.keep : 1;
            long end = Math.min(to, span.end);
            for (long at = Math.max(from, span.start); at < end; at += CHUNK) {
                int count = (int) Math.min(CHUNK, end - at);
                scratch.load(parameters, gradient, this, at, count);
                scratch.update(coefficients, decay, count);
                scratch.store(parameters, this, at, count);
            }
        }
    }

    /** The moments by name, in the order of a checkpoint. They are the live vectors: writing to them restores a state. */
    public Map<String, Floats> state() {
        Map<String, Floats> state = new LinkedHashMap<>();
        state.put(EXP_AVG, expAvg);
        state.put(EXP_AVG_SQ, expAvgSq);
        return Collections.unmodifiableMap(state);
    }

    private static List<Span> spans(ParameterLayout layout) {
        List<Span> spans = new ArrayList<>();
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            long end = parameter.offset() + parameter.length();
            Span last = spans.isEmpty() ? new Span(0, 0, parameter.decays()) : spans.removeLast();
            if (last.decays == parameter.decays()) {
                spans.add(new Span(last.start, end, last.decays));
            } else {
                spans.add(last);
                spans.add(new Span(parameter.offset(), end, parameter.decays()));
            }
        }
        return List.copyOf(spans);
    }

    /** The numbers that are the same for the whole step. */
    private static final class Coefficients {
        final float scale;
        final float keep;
        final float beta1;
        final float oneLessBeta1;
        final float beta2;
        final float oneLessBeta2;
        final float stepSize;
        final float rootOfCorrection;
        final float epsilon;

        Coefficients(Settings settings, float gradientScale, double learningRate, long step) {
            scale = gradientScale;
            keep = (float) (1 - learningRate * settings.weightDecay);
            beta1 = (float) settings.beta1;
            oneLessBeta1 = (float) (1 - settings.beta1);
            beta2 = (float) settings.beta2;
            oneLessBeta2 = (float) (1 - settings.beta2);
            stepSize = (float) (learningRate / (1 - StrictMath.pow(settings.beta1, step)));
            rootOfCorrection = (float) StrictMath.sqrt(1 - StrictMath.pow(settings.beta2, step));
            epsilon = (float) settings.epsilon;
        }
    }

    /** A chunk on the heap: the compiler vectorises loops over arrays, and each operation keeps its one rounding. */
    private static final class Scratch {
        private final float[] parameter;
        private final float[] gradient;
        private final float[] expAvg;
        private final float[] expAvgSq;

        Scratch(int length) {
            parameter = new float[length];
            gradient = new float[length];
            expAvg = new float[length];
            expAvgSq = new float[length];
        }

        void load(Floats parameters, Floats gradients, AdamW state, long at, int count) {
            copyIn(parameters, at, parameter, count);
            copyIn(gradients, at, gradient, count);
            copyIn(state.expAvg, at, expAvg, count);
            copyIn(state.expAvgSq, at, expAvgSq, count);
        }

        void update(Coefficients c, float keep, int count) {
            update(parameter, gradient, expAvg, expAvgSq, c, keep, count);
        }

        private static void update(float[] p, float[] g, float[] m, float[] v, Coefficients c, float keep, int count) {
            float scale = c.scale;
            float beta1 = c.beta1;
            float oneLessBeta1 = c.oneLessBeta1;
            float beta2 = c.beta2;
            float oneLessBeta2 = c.oneLessBeta2;
            float stepSize = c.stepSize;
            float rootOfCorrection = c.rootOfCorrection;
            float epsilon = c.epsilon;
            for (int i = 0; i < count; i++) {
                float scaled = g[i] * scale;
                float first = beta1 * m[i] + oneLessBeta1 * scaled;
                float second = beta2 * v[i] + oneLessBeta2 * (scaled * scaled);
                m[i] = first;
                v[i] = second;
                float denominator = (float) Math.sqrt(second) / rootOfCorrection + epsilon;
                p[i] = p[i] * keep - stepSize * (first / denominator);
            }
        }

        void store(Floats parameters, AdamW state, long at, int count) {
            copyOut(parameter, parameters, at, count);
            copyOut(expAvg, state.expAvg, at, count);
            copyOut(expAvgSq, state.expAvgSq, at, count);
        }

        private static void copyIn(Floats source, long at, float[] target, int count) {
            MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, target, 0, count);
        }

        private static void copyOut(float[] source, Floats target, long at, int count) {
            MemorySegment.copy(source, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
        }
    }
}
