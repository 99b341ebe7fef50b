package io.murmuration.tensors.compute;

import static io.murmuration.tensors.compute.Lanes.WIDTH;
import static io.murmuration.tensors.compute.Lanes.all;
import static io.murmuration.tensors.compute.Lanes.load;
import static io.murmuration.tensors.compute.Lanes.store;
import static io.murmuration.tensors.compute.Lanes.zero;

import jdk.incubator.vector.FloatVector;

/**
 * {@link CosineBasis} applied down the columns of a matrix, a vector of columns at a time. Every output is one chain of
 * fused multiply-adds over its inputs in ascending order of rows, so the bits depend neither on the width of a vector nor
 * on how outputs are grouped. All arguments are byte addresses and byte strides; columns are padded to {@link #COLUMNS}.
 */
final class CosineKernels {

    /** Columns of a block: two vectors, so that four outputs keep eight independent chains busy. */
    static final int COLUMNS = 2 * WIDTH;

    private static final int F = Float.BYTES;
    private static final long SECOND = (long) WIDTH * F;

    private CosineKernels() {}

    /** Columns of {@code in}, which is destroyed, to coefficients in {@code out}. */
    static void forward(CosineBasis basis, long in, long out, long stride, int columns) {
        for (int size : basis.folds) {
            fold(in, size, stride, columns);
        }
        for (CosineBasis.Product product : basis.forward) {
            multiply(product, in, out, stride, columns);
        }
    }

    /** Columns of coefficients {@code in} to {@code out}. */
    static void inverse(CosineBasis basis, long in, long out, long stride, int columns) {
        for (CosineBasis.Product product : basis.inverse) {
            multiply(product, in, out, stride, columns);
        }
        for (int level = basis.folds.length - 1; level >= 0; level--) {
            fold(out, basis.folds[level], stride, columns);
        }
    }

    /** Rows i and size-1-i become their sum and their difference. */
    private static void fold(long rows, int size, long stride, int columns) {
        for (int i = 0; i < size / 2; i++) {
            long one = rows + i * stride;
            long two = rows + (size - 1 - i) * stride;
            for (int column = 0; column < columns; column += WIDTH) {
                long at = (long) column * F;
                FloatVector a = load(one + at);
                FloatVector b = load(two + at);
                store(a.add(b), one + at);
                store(a.sub(b), two + at);
            }
        }
    }

    private static void multiply(CosineBasis.Product product, long in, long out, long stride, int columns) {
        long inStep = product.inStep() * stride;
        long outStep = product.outStep() * stride;
        int inputs = product.inputs();
        for (int column = 0; column < columns; column += COLUMNS) {
            long coefficients = product.address();
            long from = in + product.firstIn() * stride + (long) column * F;
            long to = out + product.firstOut() * stride + (long) column * F;
            int output = 0;
            for (; output + CosineBasis.OUTPUTS <= product.outputs(); output += CosineBasis.OUTPUTS) {
                four(from, inStep, inputs, coefficients, to, outStep);
                coefficients += (long) CosineBasis.OUTPUTS * inputs * F;
                to += CosineBasis.OUTPUTS * outStep;
            }
            for (; output < product.outputs(); output++) {
                one(from, inStep, inputs, coefficients, to);
                coefficients += (long) inputs * F;
                to += outStep;
            }
        }
    }

    private static void four(long in, long inStep, int inputs, long coefficients, long out, long outStep) {
        FloatVector a0 = zero();
        FloatVector a1 = zero();
        FloatVector b0 = zero();
        FloatVector b1 = zero();
        FloatVector c0 = zero();
        FloatVector c1 = zero();
        FloatVector d0 = zero();
        FloatVector d1 = zero();
        for (int i = 0; i < inputs; i++) {
            FloatVector x0 = load(in);
            FloatVector x1 = load(in + SECOND);
            FloatVector a = all(Lanes.get(coefficients));
            a0 = x0.fma(a, a0);
            a1 = x1.fma(a, a1);
            FloatVector b = all(Lanes.get(coefficients + F));
            b0 = x0.fma(b, b0);
            b1 = x1.fma(b, b1);
            FloatVector c = all(Lanes.get(coefficients + 2 * F));
            c0 = x0.fma(c, c0);
            c1 = x1.fma(c, c1);
            FloatVector d = all(Lanes.get(coefficients + 3 * F));
            d0 = x0.fma(d, d0);
            d1 = x1.fma(d, d1);
            in += inStep;
            coefficients += 4 * F;
        }
        store(a0, out);
        store(a1, out + SECOND);
        store(b0, out + outStep);
        store(b1, out + outStep + SECOND);
        store(c0, out + 2 * outStep);
        store(c1, out + 2 * outStep + SECOND);
        store(d0, out + 3 * outStep);
        store(d1, out + 3 * outStep + SECOND);
    }

    private static void one(long in, long inStep, int inputs, long coefficients, long out) {
        FloatVector a0 = zero();
        FloatVector a1 = zero();
        for (int i = 0; i < inputs; i++) {
            FloatVector a = all(Lanes.get(coefficients));
            a0 = load(in).fma(a, a0);
            a1 = load(in + SECOND).fma(a, a1);
            in += inStep;
            coefficients += F;
        }
        store(a0, out);
        store(a1, out + SECOND);
    }

    /** {@code row[j] += value * factors[j]}, rounded once, over padded columns. */
    static void addScaled(long row, float value, long factors, int columns) {
        FloatVector scale = all(value);
        for (int column = 0; column < columns; column += WIDTH) {
            long at = (long) column * F;
            store(load(factors + at).fma(scale, load(row + at)), row + at);
        }
    }
}
