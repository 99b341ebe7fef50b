package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * The parameters of a stage that nobody has any more, from those of the stages before and behind it (CheckFree, arXiv
 * 2506.15461): {@code theta_i := (a theta_(i+1) + b theta_(i-1)) / (a + b)}, where {@code a} is the norm of the last gradient
 * of stage {@code i + 1} and {@code b} that of stage {@code i - 1}. So each neighbour counts by <b>its own</b> gradient: the
 * one that still learns most has most to say. That is how the authors' published program weighs; their paper names
 * the norm's square. Where both norms are zero both count alike.
 *
 * <p>Layer by layer, in their order. A neighbour may hold more than its layers (the embedding, the head), which is left out.
 * Equal bits everywhere: the weights are fp64, each number is computed in fp64 and rounded to fp32 once.
 */
public final class NeighbourMean {

    private static final int CHUNK = 4096;

    /**
     * The layers of a stage, and where they lie in its vector.
     *
     * @param offset first number
     * @param length numbers
     */
    public record Layers(long offset, long length) {}

    private NeighbourMean() {}

    /** @throws IllegalArgumentException if the layers of {@code slice} are not one run of numbers */
    public static Layers layers(ModelSpec model, StagePlan.Slice slice) {
        List<Parameter> own = ofLayers(model, slice);
        long offset = own.getFirst().offset();
        long end = offset;
        for (Parameter parameter : own) {
            if (parameter.offset() != end) {
                throw new IllegalArgumentException("expected " + parameter.name() + " at " + end + " of stage "
                        + slice.stage() + ", behind the layers' other tensors, it is at " + parameter.offset());
            }
            end += parameter.length();
        }
        return new Layers(offset, end - offset);
    }

    private static List<Parameter> ofLayers(ModelSpec model, StagePlan.Slice slice) {
        return ParameterLayout.of(model, slice).parameters().stream()
                .filter(parameter -> parameter.name().startsWith("model.layers."))
                .toList();
    }

    /**
     * Sets {@code target} to the weighted mean.
     *
     * @param target layers of the lost stage
     * @param below layers of the stage before it, equally long
     * @param belowNorm norm of the last gradient of that stage, at least 0
     * @param above layers of the stage behind it, equally long
     * @param aboveNorm norm of the last gradient of that stage, at least 0
     * @throws IllegalArgumentException if lengths differ, or a norm is negative or not finite
     */
    public static void of(Floats target, Floats below, double belowNorm, Floats above, double aboveNorm) {
        if (below.length() != target.length() || above.length() != target.length()) {
            throw new IllegalArgumentException("expected neighbours of " + target.length() + " numbers, got "
                    + below.length() + " and " + above.length());
        }
        norm(belowNorm);
        norm(aboveNorm);
        double weight = aboveWeight(belowNorm, aboveNorm);
        float[] low = new float[CHUNK];
        float[] high = new float[CHUNK];
        for (long at = 0; at < target.length(); at += CHUNK) {
            int count = (int) Math.min(CHUNK, target.length() - at);
            load(below, at, low, count);
            load(above, at, high, count);
            for (int i = 0; i < count; i++) {
                low[i] = (float) (weight * high[i] + (1 - weight) * low[i]);
            }
            MemorySegment.copy(low, 0, target.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
        }
    }

    private static void load(Floats source, long at, float[] block, int count) {
        MemorySegment.copy(source.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, block, 0, count);
    }

    private static double aboveWeight(double below, double above) {
        // Divided before they are added, because the sum of two finite norms need not be finite.
        double largest = Math.max(below, above);
        return largest == 0 ? 0.5 : above / largest / (above / largest + below / largest);
    }

    private static void norm(double norm) {
        if (!(norm >= 0 && norm <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("expected the norm of a gradient, at least 0 and finite, got " + norm);
        }
    }
}
