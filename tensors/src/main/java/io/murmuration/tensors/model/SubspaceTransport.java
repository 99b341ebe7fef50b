package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;

/**
 * Takes what was trained in one subspace into another, with {@code M = U'^T U} of the two bases. A projection {@code U Z} becomes
 * {@code U' (M Z) = U' U'^T (U Z)}, what the new subspace holds of it and no matrix in it is nearer; so does the trained part of the
 * embeddings. Moments of an optimiser go with them: first ones as gradients do, by {@code M}; second ones, of which only the
 * diagonal is known, by the squares of {@code M}, as if what lies beside it were uncorrelated (as in LDAdam, arXiv 2410.16103).
 */
public final class SubspaceTransport {

    private final ModelSpec model;
    private final ParameterLayout layout;
    private final double[] turn;

    /**
     * @param model one with a subspace
     * @param layout of the vectors that are to be taken over
     * @param from {@code U [dim, subspace]}
     * @param to {@code U' [dim, subspace]}
     */
    public SubspaceTransport(ModelSpec model, ParameterLayout layout, float[] from, float[] to) {
        int rank = model.subspace();
        if (from.length != model.dim() * rank || to.length != from.length) {
            throw new IllegalArgumentException("expected two bases of " + model.dim() + " x " + rank + " numbers, got "
                    + from.length + " and " + to.length);
        }
        this.model = model;
        this.layout = layout;
        turn = new double[rank * rank];
        for (int i = 0; i < model.dim(); i++) {
            for (int j = 0; j < rank; j++) {
                for (int k = 0; k < rank; k++) {
                    turn[j * rank + k] += (double) to[i * rank + j] * from[i * rank + k];
                }
            }
        }
    }

    /** Parameters, or what is linear in their gradients. */
    public void linear(Floats vector) {
        all(vector, turn);
    }

    /** Mean squares of gradients. */
    public void squares(Floats vector) {
        double[] squares = new double[turn.length];
        for (int i = 0; i < squares.length; i++) {
            squares[i] = turn[i] * turn[i];
        }
        all(vector, squares);
    }

    private void all(Floats vector, double[] matrix) {
        if (vector.length() != layout.length()) {
            throw new IllegalArgumentException(
                    "expected a vector of " + layout.length() + " numbers, got " + vector.length());
        }
        int rank = model.subspace();
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            Floats numbers = vector.slice(parameter.offset(), parameter.length());
            if (parameter.name().equals(ParameterLayout.trained(model, ParameterLayout.EMBEDDING))) {
                for (long at = 0; at < numbers.length(); at += rank) {
                    column(numbers, at, 1, matrix);
                }
            } else if (parameter.name().endsWith(ParameterLayout.IN_SUBSPACE)) {
                long in = numbers.length() / rank;
                for (long at = 0; at < in; at++) {
                    column(numbers, at, in, matrix);
                }
            }
        }
    }

    /** {@code x = matrix x} of the {@code rank} numbers that are {@code stride} apart. */
    private void column(Floats numbers, long from, long stride, double[] matrix) {
        int rank = model.subspace();
        double[] product = new double[rank];
        for (int k = 0; k < rank; k++) {
            double value = numbers.get(from + k * stride);
            for (int j = 0; j < rank; j++) {
                product[j] += matrix[j * rank + k] * value;
            }
        }
        for (int j = 0; j < rank; j++) {
            numbers.set(from + j * stride, (float) product[j]);
        }
    }
}
