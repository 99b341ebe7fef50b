package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;
import java.nio.charset.StandardCharsets;

/**
 * The first parameters of a run: gains 1, matrices normal with standard deviation 0.02, the two projections that write to
 * the residual stream 0.02 / sqrt(2 layers) (GPT-2, section 2.3). Every tensor has a stream of its own, keyed by the seed
 * and its name, so the partition into stages changes nothing. Splitmix64 (Steele, Lea and Flood 2014) and Box-Muller with
 * {@link StrictMath}: equal bits on every machine.
 */
final class Initialisation {

    private static final double DEVIATION = 0.02;
    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;
    private static final long FNV_OFFSET = 0xCBF29CE484222325L;
    private static final long FNV_PRIME = 0x100000001B3L;
    /** 2^-53: a double has 53 bits of mantissa. */
    private static final double UNIT = 0x1.0p-53;

    private long state;

    private Initialisation(long seed, String name) {
        long hash = FNV_OFFSET;
        for (byte character : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (character & 0xFF)) * FNV_PRIME;
        }
        state = mix(seed) ^ mix(hash);
    }

    static void fill(ModelSpec model, ParameterLayout layout, Floats vector, long seed) {
        double intoResidual = DEVIATION / StrictMath.sqrt(2.0 * model.layers());
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            Floats tensor = vector.slice(parameter.offset(), parameter.length());
            if (parameter.name().equals(ParameterLayout.BASIS)) {
                tensor.copyFrom(Subspace.basis(model.dim(), model.subspace()));
            } else if (parameter.shape().size() == 1) {
                for (long i = 0; i < tensor.length(); i++) {
                    tensor.set(i, 1);
                }
            } else {
                boolean residual = ParameterLayout.endsBranch(parameter.name());
                new Initialisation(seed, parameter.name()).normal(tensor, residual ? intoResidual : DEVIATION);
            }
        }
    }

    /** Fills a tensor that is no parameter as a matrix of that name would be. */
    static void normal(long seed, String name, Floats tensor) {
        new Initialisation(seed, name).normal(tensor, DEVIATION);
    }

    /** Normal numbers of mean 0 and deviation 1. */
    static double[] gaussians(long seed, String name, int count) {
        Initialisation source = new Initialisation(seed, name);
        double[] numbers = new double[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = source.radius(1) * StrictMath.cos(source.angle());
        }
        return numbers;
    }

    private void normal(Floats tensor, double deviation) {
        for (long i = 0; i < tensor.length(); i += 2) {
            double radius = radius(deviation);
            double angle = angle();
            tensor.set(i, (float) (radius * StrictMath.cos(angle)));
            if (i + 1 < tensor.length()) {
                tensor.set(i + 1, (float) (radius * StrictMath.sin(angle)));
            }
        }
    }

    private double radius(double deviation) {
        // The uniform number is in (0, 1], so its logarithm is finite.
        return deviation * StrictMath.sqrt(-2 * StrictMath.log(((next() >>> 11) + 1) * UNIT));
    }

    private double angle() {
        return 2 * Math.PI * ((next() >>> 11) * UNIT);
    }

    private long next() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    private static long mix(long value) {
        long mixed = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
