package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout.Parameter;
import java.lang.foreign.Arena;
import java.util.Arrays;

/**
 * What is fixed in a model whose branches write into a subspace only (Subspace Networks / Protocol Models, arXiv
 * 2506.01260): an orthonormal basis and a part of every token's embedding. Both follow from the model's shape alone, so
 * every node has the same bits of them and none of them travels.
 *
 * <p>With {@code U} the basis and {@code R} the fixed rows of the tokens, the residual stream is always {@code R + S U^T}:
 * the trained embedding is {@code E U^T}, and the two projections that end a branch are {@code U Z}, of which {@code E} and
 * {@code Z} are trained. So {@code S}, {@link ModelSpec#subspace} numbers a token, is all that a neighbour needs.
 */
public final class Subspace {

    /** Seed of what is fixed; another one would be another family of models. */
    private static final long SEED = 0x53554253L;

    private final ModelSpec model;
    private final Floats basis;
    private final Floats embedding;

    private Subspace(ModelSpec model, Floats basis, Floats embedding) {
        this.model = model;
        this.basis = basis;
        this.embedding = embedding;
    }

    /** @param model one with a subspace */
    public static Subspace of(Arena arena, ModelSpec model) {
        return of(arena, model, Floats.of(arena, basis(model.dim(), model.subspace())));
    }

    /**
     * With a basis that has moved.
     *
     * @param model one with a subspace
     * @param basis {@code U [dim, subspace]}
     */
    public static Subspace of(Arena arena, ModelSpec model, Floats basis) {
        Floats embedding = Floats.allocate(arena, (long) model.vocabulary() * model.dim());
        Initialisation.normal(SEED, "subspace.embedding", embedding);
        return new Subspace(model, basis, embedding);
    }

    /** {@code U [dim, subspace]}, its columns orthonormal up to rounding to fp32. */
    public Floats basis() {
        return basis;
    }

    /** {@code [vocabulary, dim]}: the fixed part of every token's embedding. */
    public Floats embedding() {
        return embedding;
    }

    /**
     * Writes the matrix of an ordinary Llama that does what the trained part does: {@code R + E U^T} for the embedding, {@code U Z}
     * for a projection that ends a branch. Summed in fp64, rounded once.
     *
     * @param parameter as an ordinary Llama has it
     * @param trained the numbers of {@link ParameterLayout#trained} of it
     * @param matrix {@code [vocabulary, dim]} or {@code [dim, in]}, written
     */
    public void expand(Parameter parameter, Floats trained, Floats matrix) {
        int dim = model.dim();
        int rank = model.subspace();
        float[] u = basis.toArray();
        if (ParameterLayout.endsBranch(parameter.name())) {
            int in = parameter.shape().getLast();
            double[] row = new double[in];
            for (int i = 0; i < dim; i++) {
                Arrays.fill(row, 0);
                for (int k = 0; k < rank; k++) {
                    double factor = u[i * rank + k];
                    for (int j = 0; j < in; j++) {
                        row[j] += factor * trained.get((long) k * in + j);
                    }
                }
                for (int j = 0; j < in; j++) {
                    matrix.set((long) i * in + j, (float) row[j]);
                }
            }
        } else {
            for (int token = 0; token < model.vocabulary(); token++) {
                float[] coordinates = trained.slice((long) token * rank, rank).toArray();
                for (int i = 0; i < dim; i++) {
                    double sum = embedding.get((long) token * dim + i);
                    for (int k = 0; k < rank; k++) {
                        sum += (double) u[i * rank + k] * coordinates[k];
                    }
                    matrix.set((long) token * dim + i, (float) sum);
                }
            }
        }
    }

    /**
     * The other way: the coordinates of an ordinary Llama's matrix, {@code (E - R) U} of the embedding, {@code U^T W} of a projection
     * that ends a branch. What the matrix has outside the subspace is left out. Summed in fp64, rounded once.
     *
     * @param parameter as an ordinary Llama has it
     * @param matrix {@code [vocabulary, dim]} or {@code [dim, in]}
     * @param trained the numbers of {@link ParameterLayout#trained} of it, written
     */
    public void coordinates(Parameter parameter, Floats matrix, Floats trained) {
        int dim = model.dim();
        int rank = model.subspace();
        float[] u = basis.toArray();
        if (ParameterLayout.endsBranch(parameter.name())) {
            int in = parameter.shape().getLast();
            double[] row = new double[in];
            for (int k = 0; k < rank; k++) {
                Arrays.fill(row, 0);
                for (int i = 0; i < dim; i++) {
                    double factor = u[i * rank + k];
                    for (int j = 0; j < in; j++) {
                        row[j] += factor * matrix.get((long) i * in + j);
                    }
                }
                for (int j = 0; j < in; j++) {
                    trained.set((long) k * in + j, (float) row[j]);
                }
            }
        } else {
            double[] sums = new double[rank];
            for (int token = 0; token < model.vocabulary(); token++) {
                Arrays.fill(sums, 0);
                for (int i = 0; i < dim; i++) {
                    long at = (long) token * dim + i;
                    double free = (double) matrix.get(at) - embedding.get(at);
                    for (int k = 0; k < rank; k++) {
                        sums[k] += u[i * rank + k] * free;
                    }
                }
                for (int k = 0; k < rank; k++) {
                    trained.set((long) token * rank + k, (float) sums[k]);
                }
            }
        }
    }

    /** Gaussian columns made orthonormal one after the other in fp64, each twice (Giraud et al. 2005: twice is enough). */
    static float[] basis(int dim, int rank) {
        double[][] columns = new double[rank][];
        for (int column = 0; column < rank; column++) {
            double[] vector = Initialisation.gaussians(SEED, "subspace.basis." + column, dim);
            for (int pass = 0; pass < 2; pass++) {
                for (int before = 0; before < column; before++) {
                    double along = dot(columns[before], vector);
                    for (int i = 0; i < dim; i++) {
                        vector[i] -= along * columns[before][i];
                    }
                }
            }
            double norm = StrictMath.sqrt(dot(vector, vector));
            for (int i = 0; i < dim; i++) {
                vector[i] /= norm;
            }
            columns[column] = vector;
        }
        float[] basis = new float[dim * rank];
        for (int i = 0; i < dim; i++) {
            for (int column = 0; column < rank; column++) {
                basis[i * rank + column] = (float) columns[column][i];
            }
        }
        return basis;
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
