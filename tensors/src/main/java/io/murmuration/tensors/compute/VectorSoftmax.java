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

    static float maximum(long row, int count) {
        int bulk = count - count % WIDTH;
        FloatVector maximum = all(Float.NEGATIVE_INFINITY);
        for (int i = 0; i < bulk; i += WIDTH) {
            maximum = maximum.max(load(row + (long) i * F));
        }
        if (bulk < count) {
            VectorMask<Float> rest = first(count - bulk);
            maximum = maximum.lanewise(VectorOperators.MAX, load(row + (long) bulk * F, rest), rest);
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
        if (bulk < count) {
            VectorMask<Float> rest = first(count - bulk);
            long at = row + (long) bulk * F;
            FloatVector power = Lanes.exp(load(at, rest).sub(shift));
            store(power, at, rest);
            sum = sum.add(power, rest);
        }
        return Lanes.sum(sum);
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
        if (visible < count) {
            Lanes.clear(row + (long) visible * F, count - visible);
        }
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
        if (bulk < visible) {
            long at = (long) bulk * F;
            products = load(probabilities + at, rest).fma(load(gradient + at, rest), products);
        }
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
        if (visible < count) {
            Lanes.clear(gradient + (long) visible * F, count - visible);
        }
    }
}
