package io.murmuration.tensors.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import io.murmuration.tensors.compute.Backend;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SubspaceBoundaryTest {

    /** Rounding of fp32 sums of up to 70 terms near 1, relative to their L2 norm. */
    private static final double TOLERANCE = 2e-6;

    private final Backend backend = Backends.byName("java");
    /** Released by the collector: jqwik keeps one instance of this class for all tries of a property. */
    private final Arena arena = Arena.ofAuto();

    @Property(tries = 60)
    void what_lies_in_the_subspace_comes_back_on_every_backend(
            @ForAll @IntRange(min = 1, max = 70) int dim,
            @ForAll @IntRange(min = 1, max = 70) int limit,
            @ForAll @IntRange(min = 1, max = 9) int tokens,
            @ForAll long seed) {
        int rank = Math.min(dim, limit);
        SplittableRandom random = new SplittableRandom(seed);
        float[] basis = basis(random, dim, rank);
        Floats known = random(random, tokens * dim);
        Floats x = Floats.of(arena, plus(known.toArray(), expanded(basis, dim, rank, sizeable(random, tokens * rank))));
        for (String name : Backends.names()) {
            SubspaceBoundary boundary = new SubspaceBoundary(Backends.byName(name), Floats.of(arena, basis), dim, rank);
            assertThat(boundary.reconstructionError(x, known)).as(name).isLessThan(TOLERANCE);
            boundary.requireExact(x, known, SubspaceBoundary.EXACT_WITHIN);
        }
    }

    @Property(tries = 60)
    void going_back_is_the_adjoint_of_going_forth(
            @ForAll @IntRange(min = 1, max = 70) int dim,
            @ForAll @IntRange(min = 1, max = 70) int limit,
            @ForAll @IntRange(min = 1, max = 9) int tokens,
            @ForAll long seed) {
        int rank = Math.min(dim, limit);
        SplittableRandom random = new SplittableRandom(seed);
        SubspaceBoundary boundary =
                new SubspaceBoundary(backend, Floats.of(arena, basis(random, dim, rank)), dim, rank);
        Floats x = random(random, tokens * dim);
        Floats known = random(random, tokens * dim);
        Floats gradX = random(random, tokens * dim);
        Floats gradZ = random(random, tokens * rank);
        Floats difference = Floats.allocate(arena, x.length());
        Floats z = Floats.allocate(arena, gradZ.length());
        Floats back = Floats.allocate(arena, x.length());

        // Of the sender's map X -> Z: <dZ, Z> = <dZ U^T, X - R>.
        boundary.project(x, known, difference, z);
        boundary.rebuildGradient(gradZ, back);
        double scale = norm(gradZ) * norm(difference);
        assertThat(dot(gradZ, z)).isCloseTo(dot(back, difference), offset(TOLERANCE * scale));

        // Of the receiver's map Z -> X': <dX, X' - R> = <dX U, Z>.
        Floats gradProjected = Floats.allocate(arena, gradZ.length());
        boundary.rebuild(z, known, back);
        boundary.projectGradient(gradX, gradProjected);
        double apart = dot(gradX, back) - dot(gradX, known);
        double size = norm(gradX) * (norm(back) + norm(known));
        assertThat(apart).isCloseTo(dot(gradProjected, z), offset(TOLERANCE * size));
    }

    @Property(tries = 60)
    void the_error_is_the_share_that_lies_outside(
            @ForAll @IntRange(min = 2, max = 60) int dim,
            @ForAll @IntRange(min = 1, max = 59) int limit,
            @ForAll @IntRange(min = 1, max = 9) int tokens,
            @ForAll @IntRange(min = 1, max = 100) int percent,
            @ForAll long seed) {
        int rank = Math.min(dim - 1, limit);
        SplittableRandom random = new SplittableRandom(seed);
        float[] wide = basis(random, dim, rank + 1);
        float[] basis = new float[dim * rank];
        for (int row = 0; row < dim; row++) {
            System.arraycopy(wide, row * (rank + 1), basis, row * rank, rank);
        }
        // The last column of the wide basis is orthogonal to the others: what lies along it is lost, the rest is not.
        float[] coordinates = gaussian(random, tokens * (rank + 1));
        double lost = 0;
        double sent = 0;
        for (int i = 0; i < coordinates.length; i++) {
            boolean outside = i % (rank + 1) == rank;
            if (outside) {
                coordinates[i] *= percent / 100f;
                lost += (double) coordinates[i] * coordinates[i];
            }
            sent += (double) coordinates[i] * coordinates[i];
        }
        Floats known = random(random, tokens * dim);
        Floats x = Floats.of(arena, plus(known.toArray(), expanded(wide, dim, rank + 1, coordinates)));
        SubspaceBoundary boundary = new SubspaceBoundary(backend, Floats.of(arena, basis), dim, rank);
        double expected = Math.sqrt(lost / sent);
        // Rounding of X is relative to X with its known part, and that of what was sent may be a small share of it.
        double rounding = TOLERANCE * (1 + norm(known) / Math.sqrt(sent));
        double error = boundary.reconstructionError(x, known);
        assertThat(error).isCloseTo(expected, offset(rounding));
        boundary.requireExact(x, known, error);
        assertThatThrownBy(() -> boundary.requireExact(x, known, Math.nextDown(error)))
                .isInstanceOf(CodecException.class)
                .hasMessageContaining("within " + Math.nextDown(error))
                .hasMessageContaining("got " + error);
    }

    @Test
    void activations_that_are_all_known_are_sent_as_zeros_and_lose_nothing() {
        SplittableRandom random = new SplittableRandom(5);
        for (String name : Backends.names()) {
            SubspaceBoundary boundary =
                    new SubspaceBoundary(Backends.byName(name), Floats.of(arena, basis(random, 700, 9)), 700, 9);
            Floats known = random(random, 7 * 700);
            Floats z = Floats.allocate(arena, 7 * 9);
            boundary.project(known, known, Floats.allocate(arena, known.length() + 3), z);
            assertThat(norm(z)).isZero();
            assertThat(boundary.reconstructionError(known, known)).isZero();
        }
    }

    @Test
    void activations_that_are_not_finite_are_not_exact() {
        SubspaceBoundary boundary = new SubspaceBoundary(backend, Floats.of(arena, 1, 0), 2, 1);
        Floats known = Floats.of(arena, 0, 0);
        for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> boundary.requireExact(Floats.of(arena, broken, 0), known, 1))
                    .isInstanceOf(CodecException.class)
                    .hasMessageContaining("got NaN");
        }
    }

    @Test
    void a_basis_that_is_not_orthonormal_is_refused_with_how_far_it_is_off() {
        // Columns (1, 0) and (0.6, 0.8) are of length 1 but not orthogonal; (1.5, 0) is too long.
        assertThatThrownBy(() -> new SubspaceBoundary(backend, Floats.of(arena, 1, 0.6f, 0, 0.8f), 2, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("off by 0.6");
        assertThatThrownBy(() -> new SubspaceBoundary(backend, Floats.of(arena, 1.5f, 0), 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("within " + SubspaceBoundary.ORTHONORMAL_WITHIN)
                .hasMessageContaining("off by 1.25");
        assertThatThrownBy(() -> new SubspaceBoundary(backend, Floats.of(arena, 1, Float.NaN), 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("off by NaN");
        // Just within the tolerance, and just beyond it.
        assertThat(new SubspaceBoundary(backend, Floats.of(arena, 1.000004f), 1, 1).rank())
                .isEqualTo(1);
        assertThatThrownBy(() -> new SubspaceBoundary(backend, Floats.of(arena, 1.000006f), 1, 1))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void shapes_that_do_not_fit_are_refused_with_what_was_expected() {
        assertThatThrownBy(() -> new SubspaceBoundary(backend, Floats.of(arena, 1, 0), 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("rank of 1 to dim, got rank 2 with dim 1");
        assertThatThrownBy(() -> new SubspaceBoundary(backend, Floats.of(arena, 1, 0, 0), 2, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected 2 numbers of basis, got 3");
        SubspaceBoundary boundary = new SubspaceBoundary(backend, Floats.of(arena, 1, 0), 2, 1);
        Floats one = Floats.allocate(arena, 1);
        Floats two = Floats.allocate(arena, 2);
        Floats three = Floats.allocate(arena, 3);
        assertThatThrownBy(() -> boundary.project(three, three, three, one)).hasMessageContaining("[tokens, 2]");
        assertThatThrownBy(() -> boundary.project(two, three, two, one)).hasMessageContaining("2 numbers of known");
        assertThatThrownBy(() -> boundary.project(two, two, one, one)).hasMessageContaining("at least 2 numbers");
        assertThatThrownBy(() -> boundary.project(two, two, two, two)).hasMessageContaining("1 numbers of projection");
        assertThatThrownBy(() -> boundary.rebuild(one, three, two)).hasMessageContaining("2 numbers of known");
        assertThatThrownBy(() -> boundary.rebuild(two, two, two)).hasMessageContaining("1 numbers of projection");
        assertThatThrownBy(() -> boundary.projectGradient(two, two)).hasMessageContaining("1 numbers of projected");
        assertThatThrownBy(() -> boundary.rebuildGradient(two, two)).hasMessageContaining("1 numbers of projected");
        assertThatThrownBy(() -> boundary.reconstructionError(Floats.empty(), Floats.empty()))
                .hasMessageContaining("at least one token");
    }

    /** Gram-Schmidt in fp64, twice over, on Gaussian columns. */
    private static float[] basis(SplittableRandom random, int dim, int rank) {
        double[][] columns = new double[rank][dim];
        for (int column = 0; column < rank; column++) {
            double[] current = columns[column];
            for (int i = 0; i < dim; i++) {
                current[i] = random.nextGaussian();
            }
            for (int pass = 0; pass < 2; pass++) {
                for (int earlier = 0; earlier < column; earlier++) {
                    double along = dot(current, columns[earlier]);
                    for (int i = 0; i < dim; i++) {
                        current[i] -= along * columns[earlier][i];
                    }
                }
                double length = Math.sqrt(dot(current, current));
                for (int i = 0; i < dim; i++) {
                    current[i] /= length;
                }
            }
        }
        float[] basis = new float[dim * rank];
        for (int i = 0; i < basis.length; i++) {
            basis[i] = (float) columns[i % rank][i / rank];
        }
        return basis;
    }

    /** {@code coordinates U^T} in fp64. */
    private static double[] expanded(float[] basis, int dim, int rank, float[] coordinates) {
        int tokens = coordinates.length / rank;
        double[] rows = new double[tokens * dim];
        for (int i = 0; i < rows.length; i++) {
            int token = i / dim;
            for (int column = 0; column < rank; column++) {
                rows[i] += (double) coordinates[token * rank + column] * basis[i % dim * rank + column];
            }
        }
        return rows;
    }

    private static float[] plus(float[] known, double[] inside) {
        float[] sum = new float[known.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = (float) (known[i] + inside[i]);
        }
        return sum;
    }

    private static float[] gaussian(SplittableRandom random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    /** 1 to 2 away from 0: what is sent is never so small that rounding of the known part drowns it. */
    private static float[] sizeable(SplittableRandom random, int count) {
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            float size = (float) random.nextDouble(1, 2);
            numbers[i] = random.nextBoolean() ? size : -size;
        }
        return numbers;
    }

    private Floats random(SplittableRandom random, int count) {
        return Floats.of(arena, gaussian(random, count));
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }

    private static double dot(Floats a, Floats b) {
        double sum = 0;
        for (long i = 0; i < a.length(); i++) {
            sum += (double) a.get(i) * b.get(i);
        }
        return sum;
    }

    private static double norm(Floats a) {
        return Math.sqrt(dot(a, a));
    }
}
