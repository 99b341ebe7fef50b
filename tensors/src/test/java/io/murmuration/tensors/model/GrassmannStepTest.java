package io.murmuration.tensors.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import java.lang.foreign.Arena;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class GrassmannStepTest {

    private static final int DIM = 12;
    private static final int RANK = 3;

    private final Arena arena = Arena.ofConfined();
    private final SplittableRandom random = new SplittableRandom(5);

    @AfterEach
    void release() {
        arena.close();
    }

    @Test
    void the_gradient_is_orthogonal_to_the_basis_and_agrees_with_finite_differences() {
        float[] basis = orthonormal(DIM, RANK);
        Floats moment = moment(40);
        GrassmannStep here = step(basis, moment);
        double[] gradient = here.gradient();
        for (int a = 0; a < RANK; a++) {
            for (int b = 0; b < RANK; b++) {
                double along = 0;
                for (int i = 0; i < DIM; i++) {
                    along += basis[i * RANK + a] * gradient[i * RANK + b];
                }
                assertThat(along).isCloseTo(0, offset(1e-7));
            }
        }
        // Along any direction, not only tangent ones: what lies in the span changes nothing.
        double[] direction = random.doubles(DIM * RANK, -1, 1).toArray();
        double expected = 0;
        for (int i = 0; i < direction.length; i++) {
            expected += gradient[i] * direction[i];
        }
        double width = 1e-2;
        double slope = (at(basis, direction, width, moment) - at(basis, direction, -width, moment)) / (2 * width);
        assertThat(Math.abs(expected)).isGreaterThan(0.01);
        assertThat(slope).isCloseTo(expected, offset(2e-3));
    }

    @Test
    void steps_go_down_stay_orthonormal_and_end_where_the_largest_eigenvalues_are() {
        // S = Q diag(20, 15, 10, 1, ..., 1) Q^T: the best subspace leaves out 9 of 54.
        float[] axes = orthonormal(DIM, DIM);
        double[] eigenvalues = {20, 15, 10, 1, 1, 1, 1, 1, 1, 1, 1, 1};
        Floats moment = Floats.allocate(arena, DIM * DIM);
        for (int i = 0; i < DIM; i++) {
            for (int j = 0; j < DIM; j++) {
                double sum = 0;
                for (int k = 0; k < DIM; k++) {
                    sum += axes[i * DIM + k] * eigenvalues[k] * axes[j * DIM + k];
                }
                moment.set((long) i * DIM + j, (float) sum);
            }
        }
        float[] basis = orthonormal(DIM, RANK);
        double outside = step(basis, moment).outside();
        for (int i = 0; i < 20; i++) {
            basis = step(basis, moment).moved(1);
            // Its constructor refuses what is not orthonormal.
            new SubspaceBoundary(Backends.byName("java"), Floats.of(arena, basis), DIM, RANK);
            double next = step(basis, moment).outside();
            // At the bottom what is left is the rounding of the basis.
            assertThat(next).isLessThan(outside + 1e-7);
            outside = next;
        }
        assertThat(outside).isCloseTo(9.0 / 54, offset(1e-4));
        float[] eigenvectors = new float[DIM * RANK];
        for (int i = 0; i < DIM; i++) {
            System.arraycopy(axes, i * DIM, eigenvectors, i * RANK, RANK);
        }
        assertThat(step(eigenvectors, moment).outside()).isCloseTo(9.0 / 54, offset(1e-6));
    }

    @Test
    void equal_input_gives_equal_bits_and_another_basis_of_the_subspace_the_same_subspace() {
        float[] basis = orthonormal(DIM, RANK);
        Floats moment = moment(40);
        float[] moved = step(basis, moment).moved(0.5);
        assertThat(step(basis.clone(), moment).moved(0.5)).isEqualTo(moved).isNotEqualTo(basis);
        float[] turned = basis.clone();
        for (int i = 0; i < DIM; i++) {
            turned[i * RANK] = 0.6f * basis[i * RANK] + 0.8f * basis[i * RANK + 1];
            turned[i * RANK + 1] = -0.8f * basis[i * RANK] + 0.6f * basis[i * RANK + 1];
        }
        float[] other = step(turned, moment).moved(0.5);
        double overlap = 0;
        for (double value : product(moved, other)) {
            overlap += value * value;
        }
        assertThat(overlap).isCloseTo(RANK, offset(1e-5));
    }

    @Test
    void a_moment_without_gradients_and_wrong_lengths_are_refused() {
        float[] basis = orthonormal(DIM, RANK);
        assertThatThrownBy(() -> step(basis, Floats.allocate(arena, DIM * DIM)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("there were no gradients");
        assertThatThrownBy(() -> step(basis, Floats.allocate(arena, DIM)))
                .hasMessageContaining("expected a basis [12, 3] and a moment [12, 12]");
        assertThatThrownBy(() -> step(basis, moment(4)).moved(0)).hasMessageContaining("expected a rate above 0");
    }

    /** {@code U' Z'} is the projection of {@code U Z} onto the new subspace, {@code C' U'^T} that of {@code C U^T}. */
    @Test
    void what_was_trained_is_projected_onto_the_new_subspace() {
        ModelSpec model = new ModelSpec(7, DIM, 1, 2, 2, 5, 8, 10_000, 1e-5).withSubspace(RANK);
        ParameterLayout layout = ParameterLayout.of(model, StagePlan.of(1, 1).slice(0));
        float[] from = orthonormal(DIM, RANK);
        float[] to = step(from, moment(40)).moved(1);
        Floats vector = Floats.allocate(arena, layout.length());
        for (long i = 0; i < vector.length(); i++) {
            vector.set(i, (float) random.nextDouble(-1, 1));
        }
        float[] before = vector.toArray();
        SubspaceTransport transport = new SubspaceTransport(model, layout, from, to);
        transport.linear(vector);
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            Floats now = vector.slice(parameter.offset(), parameter.length());
            float[] then = Floats.of(arena, before)
                    .slice(parameter.offset(), parameter.length())
                    .toArray();
            if (!parameter.name().endsWith(".subspace")) {
                assertThat(now.toArray()).as(parameter.name()).isEqualTo(then);
                continue;
            }
            boolean embedding = parameter.name().contains("embed_tokens");
            int columns = (int) (parameter.length() / RANK);
            for (int column = 0; column < columns; column++) {
                double[] old = new double[RANK];
                double[] fresh = new double[RANK];
                for (int k = 0; k < RANK; k++) {
                    int at = embedding ? column * RANK + k : k * columns + column;
                    old[k] = then[at];
                    fresh[k] = now.get(at);
                }
                double[] whole = expanded(from, old);
                double[] rest = expanded(to, fresh);
                for (int i = 0; i < DIM; i++) {
                    rest[i] = whole[i] - rest[i];
                }
                // What was left out is orthogonal to the new subspace: nothing in it is nearer.
                for (int k = 0; k < RANK; k++) {
                    double along = 0;
                    for (int i = 0; i < DIM; i++) {
                        along += to[i * RANK + k] * rest[i];
                    }
                    assertThat(along).as(parameter.name()).isCloseTo(0, offset(1e-6));
                }
            }
        }
    }

    @Test
    void mean_squares_stay_positive_and_stay_where_the_subspace_stays() {
        ModelSpec model = new ModelSpec(7, DIM, 1, 2, 2, 5, 8, 10_000, 1e-5).withSubspace(RANK);
        ParameterLayout layout = ParameterLayout.of(model, StagePlan.of(1, 1).slice(0));
        float[] from = orthonormal(DIM, RANK);
        float[] to = step(from, moment(40)).moved(1);
        Floats vector = Floats.allocate(arena, layout.length());
        for (long i = 0; i < vector.length(); i++) {
            vector.set(i, (float) random.nextDouble(0.5, 1));
        }
        float[] before = vector.toArray();
        new SubspaceTransport(model, layout, from, from).squares(vector);
        for (int i = 0; i < before.length; i++) {
            assertThat(vector.get(i)).isCloseTo(before[i], offset(1e-6f));
        }
        new SubspaceTransport(model, layout, from, to).squares(vector);
        for (int i = 0; i < before.length; i++) {
            // No singular value of U'^T U is above 1, so no sum of squares grows beyond the largest square.
            assertThat(vector.get(i)).isBetween(1e-6f, 1.00001f);
        }
    }

    private static double[] expanded(float[] basis, double[] coordinates) {
        double[] whole = new double[DIM];
        for (int i = 0; i < DIM; i++) {
            for (int k = 0; k < RANK; k++) {
                whole[i] += basis[i * RANK + k] * coordinates[k];
            }
        }
        return whole;
    }

    private double at(float[] basis, double[] direction, double distance, Floats moment) {
        double[][] columns = new double[RANK][DIM];
        for (int k = 0; k < RANK; k++) {
            for (int i = 0; i < DIM; i++) {
                columns[k][i] = basis[i * RANK + k] + distance * direction[i * RANK + k];
            }
        }
        return step(orthonormalised(columns), moment).outside();
    }

    private float[] orthonormal(int dim, int rank) {
        double[][] columns = new double[rank][];
        for (int k = 0; k < rank; k++) {
            columns[k] = random.doubles(dim, -1, 1).toArray();
        }
        return orthonormalised(columns);
    }

    private static float[] orthonormalised(double[][] columns) {
        int dim = columns[0].length;
        float[] basis = new float[dim * columns.length];
        for (int k = 0; k < columns.length; k++) {
            for (int before = 0; before < k; before++) {
                double along = 0;
                for (int i = 0; i < dim; i++) {
                    along += columns[before][i] * columns[k][i];
                }
                for (int i = 0; i < dim; i++) {
                    columns[k][i] -= along * columns[before][i];
                }
            }
            double squares = 0;
            for (double value : columns[k]) {
                squares += value * value;
            }
            for (int i = 0; i < dim; i++) {
                columns[k][i] /= Math.sqrt(squares);
                basis[i * columns.length + k] = (float) columns[k][i];
            }
        }
        return basis;
    }

    /** {@code A^T B}. */
    private static double[] product(float[] a, float[] b) {
        double[] product = new double[RANK * RANK];
        for (int i = 0; i < DIM; i++) {
            for (int j = 0; j < RANK; j++) {
                for (int k = 0; k < RANK; k++) {
                    product[j * RANK + k] += (double) a[i * RANK + j] * b[i * RANK + k];
                }
            }
        }
        return product;
    }

    /** Of random gradients that are larger in some directions than in others. */
    private Floats moment(int tokens) {
        Floats moment = Floats.allocate(arena, DIM * DIM);
        for (int token = 0; token < tokens; token++) {
            double[] gradient = random.doubles(DIM, -1, 1).toArray();
            for (int i = 0; i < DIM; i++) {
                gradient[i] *= 1 + i % 5;
            }
            for (int i = 0; i < DIM; i++) {
                for (int j = 0; j < DIM; j++) {
                    long at = (long) i * DIM + j;
                    moment.set(at, moment.get(at) + (float) (gradient[i] * gradient[j]));
                }
            }
        }
        return moment;
    }

    private static GrassmannStep step(float[] basis, Floats moment) {
        return new GrassmannStep(Floats.of(Arena.ofAuto(), basis), moment, DIM, basis.length / DIM);
    }
}
