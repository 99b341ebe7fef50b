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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * What turns a gradient into new parameters, number by number. State is a few vectors as long as the parameters, by name;
 * everything else follows from the number of the step, so the vectors and that number are all that a checkpoint needs.
 *
 * <p>Equal bits everywhere: coefficients are computed in fp64 (powers by {@link StrictMath}) and rounded to fp32 once; the
 * rest is fp32 with + - * / and root, each rounded once, in the order of each optimiser's documentation. Each number is
 * updated on its own, so a cut into ranges does not change a bit. One thread per range; ranges of one step may run at the
 * same time, ranges of different steps may not.
 */
public abstract sealed class InnerOptimiser permits AdamW, NAdam, Sgd {

    /** Ranges of a step start and end at multiples of this, or at the end of the vector. */
    public static final int CHUNK = 4096;

    /** Which optimiser, and its constants. */
    public sealed interface Settings permits AdamW.Settings, NAdam.Settings, Sgd.Settings {

        /** As in the configuration and in a checkpoint. */
        String name();

        /** Names of the vectors of the state, in the order of a checkpoint. */
        List<String> vectors();

        /**
         * What one stage of a pipeline uses, if the constants depend on that.
         *
         * @param stage from 0
         * @param stages stages of the pipeline
         */
        default Settings atStage(int stage, int stages) {
            return this;
        }

        /** State starts at zero and lives as long as {@code arena}. Matrices decay, gains do not. */
        InnerOptimiser over(Arena arena, ParameterLayout layout);

        /** For a vector without a layout: all of it decays, as in PyTorch when all parameters are in one group. */
        InnerOptimiser over(Arena arena, long length);
    }

    /** Numbers of the vector from {@code start} to before {@code end} that are treated alike. */
    record Span(long start, long end, boolean decays) {}

    /** One step's arithmetic on a chunk on the heap: the compiler vectorises loops over arrays. */
    @FunctionalInterface
    interface Update {

        /**
         * @param p parameters, updated
         * @param g gradients as they came
         * @param state the vectors of the state in their order, updated
         * @param decays whether these parameters decay
         * @param count numbers of the chunk
         */
        void apply(float[] p, float[] g, float[][] state, boolean decays, int count);
    }

    private record Scratch(float[] parameter, float[] gradient, float[][] state) {
        Scratch(int vectors) {
            this(new float[CHUNK], new float[CHUNK], new float[vectors][CHUNK]);
        }
    }

    private final List<Span> spans;
    private final long length;
    private final Map<String, Floats> state = new LinkedHashMap<>();
    private final List<Floats> vectors;
    /** Chunks on the heap that no range is using: as many as ranges ever ran at the same time. */
    private final Queue<Scratch> idle = new ConcurrentLinkedQueue<>();

    InnerOptimiser(Arena arena, List<Span> spans, Settings settings) {
        this.spans = spans;
        this.length = spans.isEmpty() ? 0 : spans.getLast().end;
        settings.vectors().forEach(name -> state.put(name, Floats.allocate(arena, length)));
        this.vectors = List.copyOf(state.values());
    }

    /** The arithmetic of a step. */
    abstract Update update(float gradientScale, double learningRate, long step);

    /** One step over the whole vector. */
    public final void step(Floats parameters, Floats gradient, float gradientScale, double learningRate, long step) {
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
    public final void step(
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
        Update update = update(gradientScale, learningRate, step);
        Scratch taken = idle.poll();
        Scratch scratch = taken == null ? new Scratch(vectors.size()) : taken;
        for (Span span : spans) {
            long end = Math.min(to, span.end);
            for (long at = Math.max(from, span.start); at < end; at += CHUNK) {
                int count = (int) Math.min(CHUNK, end - at);
                load(scratch, parameters, gradient, at, count);
                update.apply(scratch.parameter, scratch.gradient, scratch.state, span.decays, count);
                store(scratch, parameters, at, count);
            }
        }
        idle.add(scratch);
    }

    /** The vectors by name, in the order of a checkpoint. They are the live ones: writing to them restores a state. */
    public final Map<String, Floats> state() {
        return Collections.unmodifiableMap(state);
    }

    private void load(Scratch scratch, Floats parameters, Floats gradient, long at, int count) {
        copyIn(parameters, at, scratch.parameter, count);
        copyIn(gradient, at, scratch.gradient, count);
        for (int i = 0; i < scratch.state.length; i++) {
            copyIn(vectors.get(i), at, scratch.state[i], count);
        }
    }

    private void store(Scratch scratch, Floats parameters, long at, int count) {
        copyOut(scratch.parameter, parameters, at, count);
        for (int i = 0; i < scratch.state.length; i++) {
            copyOut(scratch.state[i], vectors.get(i), at, count);
        }
    }

    private static void copyIn(Floats source, long at, float[] target, int count) {
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, target, 0, count);
    }

    private static void copyOut(float[] source, Floats target, long at, int count) {
        MemorySegment.copy(source, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
    }

    static List<Span> uniform(long length) {
        return List.of(new Span(0, length, true));
    }

    static List<Span> spans(ParameterLayout layout) {
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

    static void requireBetas(double beta1, double beta2) {
        if (!(beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1)) {
            throw new IllegalArgumentException("betas must be at least 0 and below 1, were " + beta1 + " and " + beta2);
        }
    }

    static void requireEpsilonAndDecay(double epsilon, double weightDecay) {
        if (!(epsilon > 0 && weightDecay >= 0)) {
            throw new IllegalArgumentException(
                    "epsilon must be above 0 and weight-decay at least 0, were " + epsilon + " and " + weightDecay);
        }
    }
}
