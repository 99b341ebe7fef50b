package io.murmuration.tensors.model;

import io.murmuration.tensors.compute.Floats;

/**
 * Moves the basis of a {@link Subspace} towards where the gradients of the activations are: one step of steepest descent on the
 * Grassmann manifold, the set of all subspaces of {@code [dim]} with {@code rank} dimensions (Protocol Models, arXiv 2506.01260,
 * refreshes its subspace so; geometry: Edelman, Arias and Smith 1998, section 2.5). What is made small is the share of the gradients
 * that the subspace cannot carry,
 *
 * <pre>
 * f(U)    = tr((I - U U^T) S) / tr(S)            S [dim, dim], the sum of g g^T over the tokens' gradients g
 * grad f  = -2 (I - U U^T) S U / tr(S)           orthogonal to U: a step turns the subspace and not just its basis
 * U'      = the orthonormal factor of U - eta grad f, with a positive diagonal of the triangular one
 * </pre>
 *
 * All of it is fp64 with + - * / and root in a fixed order, so whoever has the same bits of {@code U} and {@code S} gets the
 * same bits of {@code U'}.
 */
public final class GrassmannStep {

    /** A step that does not make {@code f} smaller is halved so often at most; then nothing is gained by any step. */
    private static final int MOST_HALVINGS = 30;

    private final int dim;
    private final int rank;
    private final double[] basis;
    private final double[] moment;
    private final double trace;

    /**
     * @param basis {@code U [dim, rank]}, orthonormal columns
     * @param moment {@code S [dim, dim]}
     * @throws IllegalArgumentException if the lengths do not fit, or {@code S} is no sum of squares above zero
     */
    public GrassmannStep(Floats basis, Floats moment, int dim, int rank) {
        if (rank < 1 || rank > dim || basis.length() != (long) dim * rank || moment.length() != (long) dim * dim) {
            throw new IllegalArgumentException("expected a basis [" + dim + ", " + rank + "] and a moment [" + dim
                    + ", " + dim + "], got " + basis.length() + " and " + moment.length() + " numbers");
        }
        this.dim = dim;
        this.rank = rank;
        this.basis = doubles(basis);
        this.moment = doubles(moment);
        double sum = 0;
        for (int i = 0; i < dim; i++) {
            sum += this.moment[i * dim + i];
        }
        if (!(sum > 0) || Double.isInfinite(sum)) {
            throw new IllegalArgumentException(
                    "expected a moment with a finite trace above 0, got " + sum + ": there were no gradients");
        }
        trace = sum;
    }

    /** {@code f(U)}: the share of the gradients that is outside the subspace, 0 to 1. */
    public double outside() {
        return outside(basis);
    }

    /** {@code grad f}, {@code [dim, rank]}. */
    public double[] gradient() {
        double[] image = image(basis);
        double[] inside = timesTransposed(basis, image);
        double[] gradient = new double[dim * rank];
        for (int i = 0; i < dim; i++) {
            for (int k = 0; k < rank; k++) {
                double along = 0;
                for (int j = 0; j < rank; j++) {
                    along += basis[i * rank + j] * inside[j * rank + k];
                }
                gradient[i * rank + k] = -2 * (image[i * rank + k] - along) / trace;
            }
        }
        return gradient;
    }

    /**
     * Where the basis goes. The step is {@code eta = rate / 2} over the share of the gradients that a dimension of the subspace carries
     * on average, and half of that until {@code f} gets smaller.
     *
     * @param rate above 0; 1 is about one step of subspace iteration
     * @return {@code U' [dim, rank]}; {@code U} itself where no step makes {@code f} smaller
     */
    public float[] moved(double rate) {
        if (!(rate > 0)) {
            throw new IllegalArgumentException("expected a rate above 0, got " + rate);
        }
        double now = outside(basis);
        double carried = (1 - now) / rank;
        double step = carried > 0 ? rate / (2 * carried) : rate;
        double[] gradient = gradient();
        for (int halving = 0; halving <= MOST_HALVINGS; halving++) {
            double[] moved = new double[basis.length];
            for (int i = 0; i < moved.length; i++) {
                moved[i] = basis[i] - step * gradient[i];
            }
            orthonormalise(moved);
            if (outside(moved) < now) {
                return floats(moved);
            }
            step /= 2;
        }
        return floats(basis);
    }

    private double outside(double[] u) {
        double[] image = image(u);
        double inside = 0;
        for (int i = 0; i < u.length; i++) {
            inside += u[i] * image[i];
        }
        return 1 - inside / trace;
    }

    /** {@code S U}. */
    private double[] image(double[] u) {
        double[] image = new double[dim * rank];
        for (int i = 0; i < dim; i++) {
            for (int j = 0; j < dim; j++) {
                double factor = moment[i * dim + j];
                for (int k = 0; k < rank; k++) {
                    image[i * rank + k] += factor * u[j * rank + k];
                }
            }
        }
        return image;
    }

    /** {@code A^T B}, {@code [rank, rank]}. */
    private double[] timesTransposed(double[] a, double[] b) {
        double[] product = new double[rank * rank];
        for (int i = 0; i < dim; i++) {
            for (int j = 0; j < rank; j++) {
                for (int k = 0; k < rank; k++) {
                    product[j * rank + k] += a[i * rank + j] * b[i * rank + k];
                }
            }
        }
        return product;
    }

    /** Gram-Schmidt, column by column, each twice. The columns are independent: a step is orthogonal to the basis. */
    private void orthonormalise(double[] columns) {
        for (int column = 0; column < rank; column++) {
            for (int pass = 0; pass < 2; pass++) {
                for (int before = 0; before < column; before++) {
                    double along = dot(columns, before, column);
                    for (int i = 0; i < dim; i++) {
                        columns[i * rank + column] -= along * columns[i * rank + before];
                    }
                }
            }
            double norm = Math.sqrt(dot(columns, column, column));
            for (int i = 0; i < dim; i++) {
                columns[i * rank + column] /= norm;
            }
        }
    }

    private double dot(double[] columns, int a, int b) {
        double sum = 0;
        for (int i = 0; i < dim; i++) {
            sum += columns[i * rank + a] * columns[i * rank + b];
        }
        return sum;
    }

    private static double[] doubles(Floats numbers) {
        double[] doubles = new double[Math.toIntExact(numbers.length())];
        for (int i = 0; i < doubles.length; i++) {
            doubles[i] = numbers.get(i);
        }
        return doubles;
    }

    private static float[] floats(double[] numbers) {
        float[] floats = new float[numbers.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) numbers[i];
        }
        return floats;
    }
}
