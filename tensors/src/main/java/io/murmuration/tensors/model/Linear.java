package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Floats;

/** A projection without bias: {@code y = x W^T} with {@code x [T, in]}, {@code W [out, in]}, {@code y [T, out]}. */
final class Linear {

    private Linear() {}

    /** {@code y = x W^T + beta y}. */
    static void forward(Backend backend, int tokens, int out, int in, Floats x, Floats weight, float beta, Floats y) {
        backend.gemm(false, true, tokens, out, in, 1, x, in, weight, in, beta, y, out);
    }

    /** {@code gradX = gradY W}. */
    static void input(Backend backend, int tokens, int out, int in, Floats gradY, Floats weight, Floats gradX) {
        backend.gemm(false, false, tokens, in, out, 1, gradY, out, weight, in, 0, gradX, in);
    }

    /** {@code gradWeight += gradY^T x}. */
    static void weight(Backend backend, int tokens, int out, int in, Floats gradY, Floats x, Floats gradWeight) {
        backend.gemm(true, false, out, in, tokens, 1, gradY, out, x, in, 1, gradWeight, in);
    }
}
