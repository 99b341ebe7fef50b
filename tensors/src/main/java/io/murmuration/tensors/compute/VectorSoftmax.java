package io.murmuration.tensors.compute;

import static io.murmuration.tensors.compute.Lanes.WIDTH;
import static io.murmuration.tensors.compute.Lanes.all;
import static io.murmuration.tensors.compute.Lanes.first;
import static io.murmuration.tensors.compute.Lanes.load;
import static io.murmuration.tensors.compute.Lanes.store;
import static io.murmuration.tensors.compute.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/** Softmax of a row and what is built on it. All arguments are byte addresses. */
final class VectorSoftmax {

    private static final int F = Float.BYTES;

    private VectorSoftmax() {}

    /** The largest number of a row; NaN counts as smaller than all others. */
    static float maximum(long row, int count) {
        int bulk = count - count % WIDTH;
        FloatVector maximum = all(Float.NEGATIVE_INFINITY);
        for (int i = 0; i < bulk; i += WIDTH) {
            FloatVector next = load(row + (long) i * F);
            maximum = maximum.blend(next, next.compare(VectorOperators.GT, maximum));
        }
        if (bulk < count) {
            VectorMask<Float> rest = first(count - bulk);
            FloatVector value = load(row + (long) bulk * F, rest);
            maximum = maximum.blend(
                    value, value.compare(VectorOperators.GT, maximum).and(rest));
        }
        // The maximum does not depend on the order, so the open order of reduceLanes does no harm.
        return maximum.reduceLanes(VectorOperators.MAX);
    }

    /** {@code row = exp(row - shift)}; returns the sum. */
    static float exponentials(long row, int count, float shift) {
        int bulk = count - count % WIDTH;
        FloatVector sum = zero();
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = row + (long) i * F;
            FloatVector power = Lanes.exp(load(at).sub(shift));
            store(power, at);
            sum = sum.add(power);
        }
        VectorMask<Float> rest = first(count - bulk);
        long end = row + (long) bulk * F;
        FloatVector last = Lanes.exp(load(end, rest).sub(shift));
        store(last, end, rest);
        return Lanes.sum(sum.add(last, rest));
    }

    static void scale(long row, int count, float factor) {
        int bulk = count - count % WIDTH;
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = row + (long) i * F;
            store(load(at).mul(factor), at);
        }
        if (bulk < count) {
            VectorMask<Float> rest = first(count - bulk);
            long at = row + (long) bulk * F;
            store(load(at, rest).mul(factor), at, rest);
        }
    }

    /** Softmax over the first {@code visible} of {@code count} numbers; the others become 0. */
    static void causalRow(long row, int visible, int count) {
        float sum = exponentials(row, visible, maximum(row, visible));
        scale(row, visible, 1 / sum);
        clear(row, visible, count);
    }

    /** {@code gradient = scale * p * (gradient - sum(p * gradient))} over what is visible; the others become 0. */
    static void causalBackwardRow(long probabilities, long gradient, int visible, int count, float scale) {
        int bulk = visible - visible % WIDTH;
        VectorMask<Float> rest = first(visible - bulk);
        FloatVector products = zero();
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            products = load(probabilities + at).fma(load(gradient + at), products);
        }
        long end = (long) bulk * F;
        products = load(probabilities + end, rest).fma(load(gradient + end, rest), products);
        FloatVector projection = all(Lanes.sum(products));
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            store(
                    load(gradient + at)
                            .sub(projection)
                            .mul(load(probabilities + at))
                            .mul(scale),
                    gradient + at);
        }
        if (bulk < visible) {
            long at = (long) bulk * F;
            FloatVector centred = load(gradient + at, rest).sub(projection);
            store(centred.mul(load(probabilities + at, rest)).mul(scale), gradient + at, rest);
        }
        clear(gradient, visible, count);
    }

    private static void clear(long row, int from, int to) {
        int bulk = to - (to - from) % WIDTH;
        for (int i = from; i < bulk; i += WIDTH) {
            store(zero(), row + (long) i * F);
        }
        for (int i = bulk; i < to; i++) {
            Lanes.set(row + (long) i * F, 0);
        }
    }
}
