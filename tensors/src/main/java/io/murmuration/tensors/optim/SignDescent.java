package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Pieces;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code p := p (1 - lr wd) - lr sign(u)}, number by number; the sign of 0 is 0. The product, the other product and the
 * difference are one fp32 operation each, so the bits do not depend on how the vector is cut.
 */
final class SignDescent {

    private static final int BLOCK = 4096;

    private record Scratch(float[] p, float[] u) {
        Scratch() {
            this(new float[BLOCK], new float[BLOCK]);
        }
    }

    private SignDescent() {}

    static void step(
            Tensors tensors,
            Floats parameters,
            Floats update,
            double learningRate,
            double weightDecay,
            Workers workers) {
        if (parameters.length() != tensors.length() || update.length() != tensors.length()) {
            throw new IllegalArgumentException("expected " + tensors.length() + " parameters and updates, got "
                    + parameters.length() + " and " + update.length());
        }
        float rate = (float) learningRate;
        float decayed = (float) (1 - learningRate * weightDecay);
        // Over the whole vector, not tensor by tensor: gains of a few numbers are not worth handing over.
        Pieces.of(parameters.length(), BLOCK).run(workers, Scratch::new, (scratch, number, from, to) -> {
            long start = 0;
            for (Tensors.Tensor tensor : tensors.all()) {
                long end = start + tensor.length();
                float keep = tensor.decays() ? decayed : 1;
                step(parameters, update, Math.max(from, start), Math.min(to, end), keep, rate, scratch);
                start = end;
            }
        });
    }

    private static void step(
            Floats parameters, Floats update, long from, long to, float keep, float rate, Scratch scratch) {
        for (long at = from; at < to; at += BLOCK) {
            int count = (int) Math.min(BLOCK, to - at);
            long offset = at * Float.BYTES;
            MemorySegment.copy(parameters.segment(), ValueLayout.JAVA_FLOAT, offset, scratch.p, 0, count);
            MemorySegment.copy(update.segment(), ValueLayout.JAVA_FLOAT, offset, scratch.u, 0, count);
            step(scratch.p, scratch.u, keep, rate, count);
            MemorySegment.copy(scratch.p, 0, parameters.segment(), ValueLayout.JAVA_FLOAT, offset, count);
        }
    }

    private static void step(float[] p, float[] u, float keep, float rate, int count) {
        for (int i = 0; i < count; i++) {
            p[i] = p[i] * keep - rate * Math.signum(u[i]);
        }
    }
}
