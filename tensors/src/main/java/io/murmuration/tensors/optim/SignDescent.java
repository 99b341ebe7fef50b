package io.murmuration.tensors.optim;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code p := p (1 - lr wd) - lr sign(u)}, number by number; the sign of 0 is 0. The product, the other product and the
 * difference are one fp32 operation each, so the bits do not depend on how the vector is cut.
 */
final class SignDescent {

    private static final int BLOCK = 4096;
    /** Numbers per piece of work: 256 KiB of fp32, thousands of times the cost of handing a piece over. */
    private static final int PIECE = 16 * BLOCK;

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
        long at = 0;
        for (Tensors.Tensor tensor : tensors.all()) {
            float keep = tensor.decays() ? (float) (1 - learningRate * weightDecay) : 1;
            long length = tensor.length();
            step(parameters.slice(at, length), update.slice(at, length), keep, rate, workers);
            at += length;
        }
    }

    private static void step(Floats parameters, Floats update, float keep, float rate, Workers workers) {
        long length = parameters.length();
        workers.run(Math.toIntExact(Math.ceilDiv(length, (long) PIECE)), piece -> {
            float[] p = new float[BLOCK];
            float[] u = new float[BLOCK];
            long end = Math.min(length, (piece + 1L) * PIECE);
            for (long at = (long) piece * PIECE; at < end; at += BLOCK) {
                int count = (int) Math.min(BLOCK, end - at);
                MemorySegment.copy(parameters.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, p, 0, count);
                MemorySegment.copy(update.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, u, 0, count);
                for (int i = 0; i < count; i++) {
                    p[i] = p[i] * keep - rate * Math.signum(u[i]);
                }
                MemorySegment.copy(p, 0, parameters.segment(), ValueLayout.JAVA_FLOAT, at * Float.BYTES, count);
            }
        });
    }
}
