package io.murmuration.tensors.optim;

/** Clipping by the global norm, as {@code torch.nn.utils.clip_grad_norm_} does it. */
public final class GradientClip {

    /** Keeps the quotient finite for a zero gradient; PyTorch's value. */
    private static final double EPSILON = 1e-6;

    private GradientClip() {}

    /**
     * What the gradient is to be multiplied by: {@code min(1, maxNorm / (norm + 1e-6))}.
     *
     * @param norm L2 norm over all stages; finite
     * @param maxNorm above 0; infinite for no clipping
     * @throws IllegalArgumentException if the norm is not finite: such a gradient must not be applied at all
     */
    public static float coefficient(double norm, double maxNorm) {
        if (!(norm >= 0 && norm <= Double.MAX_VALUE)) {
            throw new IllegalArgumentException("expected a finite gradient norm, got " + norm);
        }
        if (!(maxNorm > 0)) {
            throw new IllegalArgumentException("max-norm must be above 0, was " + maxNorm);
        }
        return (float) Math.min(1, maxNorm / (norm + EPSILON));
    }
}
