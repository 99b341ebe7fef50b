package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;

/** A gain for each channel of {@code [T, dim]} numbers; {@code gain [dim]}. */
final class BranchGain {

    private BranchGain() {}

    /** {@code y += branch gain}. */
    static void add(Floats branch, Floats gain, Floats y) {
        float[] gains = gain.toArray();
        for (long at = 0; at < branch.length(); at += gains.length) {
            for (int i = 0; i < gains.length; i++) {
                y.set(at + i, y.get(at + i) + branch.get(at + i) * gains[i]);
            }
        }
    }

    /** {@code product = numbers gain}. */
    static void multiply(Floats numbers, Floats gain, Floats product) {
        float[] gains = gain.toArray();
        for (long at = 0; at < numbers.length(); at += gains.length) {
            for (int i = 0; i < gains.length; i++) {
                product.set(at + i, numbers.get(at + i) * gains[i]);
            }
        }
    }

    /** Adds to the gradient of the gain, from that of the product; summed over the tokens in fp64. */
    static void gradient(Floats gradientOfProduct, Floats branch, Floats gradientOfGain) {
        double[] sums = new double[Math.toIntExact(gradientOfGain.length())];
        for (long at = 0; at < branch.length(); at += sums.length) {
            for (int i = 0; i < sums.length; i++) {
                sums[i] += (double) gradientOfProduct.get(at + i) * branch.get(at + i);
            }
        }
        for (int i = 0; i < sums.length; i++) {
            gradientOfGain.set(i, gradientOfGain.get(i) + (float) sums[i]);
        }
    }
}
