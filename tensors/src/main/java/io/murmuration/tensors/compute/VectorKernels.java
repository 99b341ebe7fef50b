package io.murmuration.tensors.compute;

import static io.murmuration.tensors.compute.Lanes.WIDTH;
import static io.murmuration.tensors.compute.Lanes.all;
import static io.murmuration.tensors.compute.Lanes.first;
import static io.murmuration.tensors.compute.Lanes.load;
import static io.murmuration.tensors.compute.Lanes.store;
import static io.murmuration.tensors.compute.Lanes.zero;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/** Row kernels with the Vector API. All arguments are byte addresses; {@code F} is the size of a number. */
final class VectorKernels {

    private static final int F = Float.BYTES;

    private VectorKernels() {}

    static void add(long sum, long term, long count) {
        long bulk = count - count % WIDTH;
        for (long i = 0; i < bulk; i += WIDTH) {
            store(load(sum + i * F).add(load(term + i * F)), sum + i * F);
        }
        if (bulk < count) {
            VectorMask<Float> rest = first((int) (count - bulk));
            store(load(sum + bulk * F, rest).add(load(term + bulk * F, rest)), sum + bulk * F, rest);
        }
    }

    static void rmsNormRow(long x, long gain, int dim, float epsilon, long out, long inverseRms) {
        int bulk = dim - dim % WIDTH;
        FloatVector squares = zero();
        for (int i = 0; i < bulk; i += WIDTH) {
            FloatVector value = load(x + (long) i * F);
            squares = value.fma(value, squares);
        }
        VectorMask<Float> rest = first(dim - bulk);
        if (bulk < dim) {
            FloatVector value = load(x + (long) bulk * F, rest);
            squares = value.fma(value, squares);
        }
        float inverse = (float) (1 / Math.sqrt(Lanes.sum(squares) / dim + epsilon));
        Lanes.set(inverseRms, inverse);
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            store(load(x + at).mul(inverse).mul(load(gain + at)), out + at);
        }
        if (bulk < dim) {
            long at = (long) bulk * F;
            store(load(x + at, rest).mul(inverse).mul(load(gain + at, rest)), out + at, rest);
        }
    }

    static void rmsNormBackwardRow(long x, long gain, float inverse, long gradOut, int dim, long gradX, long gradGain) {
        int bulk = dim - dim % WIDTH;
        VectorMask<Float> rest = first(dim - bulk);
        FloatVector projection = zero();
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            FloatVector product = load(gradOut + at).mul(load(x + at).mul(inverse));
            projection = product.fma(load(gain + at), projection);
            store(load(gradGain + at).add(product), gradGain + at);
        }
        if (bulk < dim) {
            long at = (long) bulk * F;
            FloatVector product =
                    load(gradOut + at, rest).mul(load(x + at, rest).mul(inverse));
            projection = product.fma(load(gain + at, rest), projection);
            store(load(gradGain + at, rest).add(product), gradGain + at, rest);
        }
        FloatVector pull = all(-Lanes.sum(projection) / dim * inverse * inverse);
        FloatVector push = all(inverse);
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            FloatVector through = load(gradOut + at).mul(load(gain + at)).fma(push, load(gradX + at));
            store(load(x + at).fma(pull, through), gradX + at);
        }
        if (bulk < dim) {
            long at = (long) bulk * F;
            FloatVector through =
                    load(gradOut + at, rest).mul(load(gain + at, rest)).fma(push, load(gradX + at, rest));
            store(load(x + at, rest).fma(pull, through), gradX + at, rest);
        }
    }

    /** Turns the pairs {@code (first[j], second[j])} of one head; {@code direction} -1 turns back. */
    static void rotateHead(long head, long cosines, long sines, int half, float direction) {
        int bulk = half - half % WIDTH;
        for (int j = 0; j < bulk; j += WIDTH) {
            long at = (long) j * F;
            long one = head + at;
            long two = head + (long) half * F + at;
            FloatVector cosine = load(cosines + at);
            FloatVector sine = load(sines + at).mul(direction);
            FloatVector x = load(one);
            FloatVector y = load(two);
            store(x.mul(cosine).sub(y.mul(sine)), one);
            store(y.mul(cosine).add(x.mul(sine)), two);
        }
        for (int j = bulk; j < half; j++) {
            long at = (long) j * F;
            long one = head + at;
            long two = head + (long) half * F + at;
            float cosine = Lanes.get(cosines + at);
            float sine = direction * Lanes.get(sines + at);
            float x = Lanes.get(one);
            float y = Lanes.get(two);
            Lanes.set(one, x * cosine - y * sine);
            Lanes.set(two, y * cosine + x * sine);
        }
    }

    static void swiGluRow(long gate, long up, int ffn, long out) {
        int bulk = ffn - ffn % WIDTH;
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            FloatVector value = load(gate + at);
            store(value.mul(Lanes.sigmoid(value)).mul(load(up + at)), out + at);
        }
        if (bulk < ffn) {
            VectorMask<Float> rest = first(ffn - bulk);
            long at = (long) bulk * F;
            FloatVector value = load(gate + at, rest);
            store(value.mul(Lanes.sigmoid(value)).mul(load(up + at, rest)), out + at, rest);
        }
    }

    static void swiGluBackwardRow(long gate, long up, int ffn, long gradOut) {
        int bulk = ffn - ffn % WIDTH;
        for (int i = 0; i < bulk; i += WIDTH) {
            long at = (long) i * F;
            FloatVector g = load(gate + at);
            FloatVector u = load(up + at);
            FloatVector d = load(gradOut + at);
            FloatVector sigmoid = Lanes.sigmoid(g);
            FloatVector silu = g.mul(sigmoid);
            store(d.mul(u).mul(silu.fma(all(1).sub(sigmoid), sigmoid)), gate + at);
            store(d.mul(silu), up + at);
            store(silu.mul(u), gradOut + at);
        }
        if (bulk < ffn) {
            VectorMask<Float> rest = first(ffn - bulk);
            long at = (long) bulk * F;
            FloatVector g = load(gate + at, rest);
            FloatVector u = load(up + at, rest);
            FloatVector d = load(gradOut + at, rest);
            FloatVector sigmoid = Lanes.sigmoid(g);
            FloatVector silu = g.mul(sigmoid);
            store(d.mul(u).mul(silu.fma(all(1).sub(sigmoid), sigmoid)), gate + at, rest);
            store(d.mul(silu), up + at, rest);
            store(silu.mul(u), gradOut + at, rest);
        }
    }
}
