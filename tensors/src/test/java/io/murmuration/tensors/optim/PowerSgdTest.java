package io.murmuration.tensors.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.tensors.codec.CodecException;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import io.murmuration.tensors.reduce.WeightedMean;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** PowerSGD as several replicas run it; its numbers are compared in the golden set. */
class PowerSgdTest {

    private static final Workers PARALLEL =
            (pieces, piece) -> IntStream.range(0, pieces).parallel().forEach(piece);
    /** More rows and more columns than a piece of work has; a small matrix that is averaged as it is, and a vector. */
    private static final Tensors TENSORS = new Tensors(List.of(
            new Tensors.Tensor("wide", List.of(70, 1100), true),
            new Tensors.Tensor("gain", List.of(48), false),
            new Tensors.Tensor("small", List.of(6, 9), true),
            new Tensors.Tensor("cube", List.of(20, 5, 6), true)));

    private static final int WIDE = 70 * 1100;
    private static final int LENGTH = WIDE + 48 + 54 + 600;
    private static final PowerSgd.Settings SETTINGS = new PowerSgd.Settings(3, 11);

    private static float[] gaussian(long seed, int length) {
        Random random = new Random(seed);
        float[] numbers = new float[length];
        for (int i = 0; i < length; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }

    private static Floats mean(Arena arena, List<Floats> messages) {
        double[] weights = new double[messages.size()];
        Arrays.fill(weights, 1);
        Floats mean = Floats.allocate(arena, messages.getFirst().length());
        WeightedMean.of(messages, weights, mean, Workers.SERIAL);
        return mean;
    }

    /** A round up to the commit; replicas with odd numbers use threads. Gives every replica's update. */
    private static List<float[]> round(Arena arena, List<PowerSgd> replicas, List<float[]> gradients, float scale) {
        List<Floats> left = new ArrayList<>();
        List<Floats> right = new ArrayList<>();
        List<float[]> updates = new ArrayList<>();
        for (PowerSgd replica : replicas) {
            Workers workers = left.size() % 2 == 0 ? Workers.SERIAL : PARALLEL;
            Floats gradient = Floats.of(arena, gradients.get(left.size()));
            left.add(Floats.allocate(arena, replica.leftLength()));
            replica.left(gradient, scale, left.getLast(), workers);
        }
        Floats meanP = mean(arena, left);
        for (PowerSgd replica : replicas) {
            Workers workers = right.size() % 2 == 0 ? Workers.SERIAL : PARALLEL;
            right.add(Floats.allocate(arena, replica.rightLength()));
            replica.right(meanP, right.getLast(), workers);
        }
        Floats meanQ = mean(arena, right);
        for (PowerSgd replica : replicas) {
            Workers workers = updates.size() % 2 == 0 ? Workers.SERIAL : PARALLEL;
            Floats update = Floats.allocate(arena, gradients.getFirst().length);
            replica.update(meanQ, update, workers);
            updates.add(update.toArray());
        }
        return updates;
    }

    private static float[] round(Arena arena, PowerSgd replica, float... gradient) {
        float[] update = round(arena, List.of(replica), List.of(gradient), 1).getFirst();
        replica.commit();
        return update;
    }

    private static float[] state(PowerSgd replica, String name) {
        return replica.state().get(name).toArray();
    }

    private static void assertNear(float[] got, float[] want, double tolerance) {
        for (int i = 0; i < want.length; i++) {
            assertThat(Math.abs(got[i] - want[i]))
                    .as("number %d: %s and %s", i, got[i], want[i])
                    .isLessThanOrEqualTo((float) tolerance);
        }
    }

    @Example
    void a_tensor_is_compressed_when_that_saves_half() {
        try (Arena arena = Arena.ofConfined()) {
            PowerSgd replica = new PowerSgd(arena, TENSORS, SETTINGS);
            assertThat(replica.leftLength()).isEqualTo(3 * (70 + 20) + 48 + 54);
            assertThat(replica.rightLength()).isEqualTo(3 * (1100 + 30));
            float[] gradient = gaussian(5, LENGTH);
            float[] update = round(arena, replica, gradient);
            // What is averaged as it is comes back as it was.
            assertThat(Arrays.copyOfRange(update, WIDE, WIDE + 48 + 54))
                    .isEqualTo(Arrays.copyOfRange(gradient, WIDE, WIDE + 48 + 54));
            assertThat(Arrays.copyOf(update, WIDE)).isNotEqualTo(Arrays.copyOf(gradient, WIDE));
        }
        // 2 * 1 * (4 + 4) = 16 numbers of 16; one column less saves less than half.
        assertThat(new PowerSgd.Settings(1, 0).compresses(4, 4)).isTrue();
        assertThat(new PowerSgd.Settings(1, 0).compresses(4, 3)).isFalse();
    }

    /** Two columns to spare keep the random start well conditioned on the matrix's row space. */
    @Property(tries = 50)
    void a_matrix_of_low_rank_arrives_whole(@ForAll @IntRange(min = 0, max = 3) int rank, @ForAll long seed) {
        int rows = 24;
        int columns = 31;
        float[] tall = gaussian(seed, rows * rank);
        float[] wide = gaussian(~seed, rank * columns);
        float[] matrix = new float[rows * columns];
        for (int i = 0; i < matrix.length; i++) {
            for (int k = 0; k < rank; k++) {
                matrix[i] += tall[i / columns * rank + k] * wide[k * columns + i % columns];
            }
        }
        Tensors tensors = new Tensors(List.of(new Tensors.Tensor("m", List.of(rows, columns), true)));
        try (Arena arena = Arena.ofConfined()) {
            PowerSgd replica = new PowerSgd(arena, tensors, new PowerSgd.Settings(rank + 2, seed));
            for (int step = 0; step < 3; step++) {
                assertNear(round(arena, replica, matrix), matrix, 2e-3);
            }
            assertNear(state(replica, PowerSgd.RESIDUAL), new float[matrix.length], 2e-3);
        }
    }

    @Property(tries = 10)
    void replicas_agree_bit_for_bit_and_what_is_not_sent_now_is_sent_later(
            @ForAll @IntRange(min = 1, max = 4) int count, @ForAll long seed) {
        try (Arena arena = Arena.ofShared()) {
            List<PowerSgd> replicas = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                replicas.add(new PowerSgd(arena, TENSORS, SETTINGS));
            }
            double[] owed = new double[LENGTH];
            for (int step = 0; step < 3; step++) {
                List<float[]> gradients = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    gradients.add(gaussian(seed + 31 * step + i, LENGTH));
                }
                List<float[]> updates = round(arena, replicas, gradients, 0.5f);
                replicas.forEach(PowerSgd::commit);
                for (int i = 0; i < count; i++) {
                    assertThat(updates.get(i)).isEqualTo(updates.getFirst());
                    assertThat(state(replicas.get(i), PowerSgd.FACTOR))
                            .isEqualTo(state(replicas.getFirst(), PowerSgd.FACTOR));
                    for (int k = 0; k < LENGTH; k++) {
                        owed[k] += 0.5 * gradients.get(i)[k] / count;
                    }
                }
                for (int k = 0; k < LENGTH; k++) {
                    owed[k] -= updates.getFirst()[k];
                }
            }
            float[] kept = new float[LENGTH];
            for (PowerSgd replica : replicas) {
                float[] residual = state(replica, PowerSgd.RESIDUAL);
                for (int k = 0; k < LENGTH; k++) {
                    kept[k] += residual[k] / count;
                }
            }
            float[] expected = new float[LENGTH];
            for (int k = 0; k < LENGTH; k++) {
                expected[k] = (float) owed[k];
            }
            assertNear(kept, expected, 1e-5);
        }
    }

    @Property(tries = 10)
    void a_round_that_fails_leaves_no_trace_and_a_saved_state_goes_on_to_the_bit(
            @ForAll @IntRange(min = 1, max = 3) int phases, @ForAll long seed) {
        try (Arena arena = Arena.ofShared()) {
            PowerSgd replica = new PowerSgd(arena, TENSORS, SETTINGS);
            PowerSgd undisturbed = new PowerSgd(arena, TENSORS, SETTINGS);
            round(arena, replica, gaussian(seed, LENGTH));
            round(arena, undisturbed, gaussian(seed, LENGTH));
            float[] residual = state(replica, PowerSgd.RESIDUAL);
            float[] factor = state(replica, PowerSgd.FACTOR);
            Floats p = Floats.allocate(arena, replica.leftLength());
            Floats q = Floats.allocate(arena, replica.rightLength());
            replica.left(Floats.of(arena, gaussian(~seed, LENGTH)), 1, p, Workers.SERIAL);
            if (phases > 1) {
                replica.right(p, q, Workers.SERIAL);
            }
            if (phases > 2) {
                replica.update(q, Floats.allocate(arena, LENGTH), Workers.SERIAL);
            }
            replica.rollback();
            assertThat(state(replica, PowerSgd.RESIDUAL)).isEqualTo(residual);
            assertThat(state(replica, PowerSgd.FACTOR)).isEqualTo(factor);

            PowerSgd restored = new PowerSgd(arena, TENSORS, new PowerSgd.Settings(3, 12));
            Map<String, Floats> state = restored.state();
            assertThat(state.keySet()).containsExactly(PowerSgd.RESIDUAL, PowerSgd.FACTOR);
            replica.state().forEach((name, vector) -> state.get(name).copyFrom(vector));
            float[] expected = round(arena, undisturbed, gaussian(seed + 1, LENGTH));
            assertThat(round(arena, replica, gaussian(seed + 1, LENGTH))).isEqualTo(expected);
            assertThat(round(arena, restored, gaussian(seed + 1, LENGTH))).isEqualTo(expected);
            assertThat(state(restored, PowerSgd.FACTOR)).isEqualTo(state(undisturbed, PowerSgd.FACTOR));
        }
    }

    @Example
    void after_gradients_of_zero_the_next_is_sent_as_by_a_new_replica() {
        try (Arena arena = Arena.ofConfined()) {
            PowerSgd replica = new PowerSgd(arena, TENSORS, SETTINGS);
            assertThat(round(arena, replica, new float[LENGTH])).containsOnly(0);
            float[] expected = round(arena, new PowerSgd(arena, TENSORS, SETTINGS), gaussian(3, LENGTH));
            assertThat(round(arena, replica, gaussian(3, LENGTH))).isEqualTo(expected);
            assertThat(Arrays.copyOf(expected, WIDE)).isNotEqualTo(new float[WIDE]);
        }
    }

    @Example
    void numbers_that_are_not_finite_are_refused_and_change_nothing() {
        try (Arena arena = Arena.ofConfined()) {
            PowerSgd replica = new PowerSgd(arena, TENSORS, SETTINGS);
            Floats p = Floats.allocate(arena, replica.leftLength());
            Floats q = Floats.allocate(arena, replica.rightLength());
            Floats gradient = Floats.of(arena, gaussian(1, LENGTH));
            for (int at : List.of(0, 77, WIDE + 1, LENGTH - 1)) {
                float before = gradient.get(at);
                gradient.set(at, Float.NaN);
                assertThatThrownBy(() -> replica.left(gradient, 1, p, Workers.SERIAL))
                        .isInstanceOf(CodecException.class)
                        .hasMessage("gradient: expected numbers up to 1.0E30, a product has NaN");
                gradient.set(at, before);
            }
            replica.left(gradient, 1, p, Workers.SERIAL);
            Floats bad = Floats.of(arena, p.toArray());
            bad.set(2, Float.POSITIVE_INFINITY);
            assertThatThrownBy(() -> replica.right(bad, q, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessageStartingWith("mean of P: expected");
            replica.right(p, q, Workers.SERIAL);
            Floats update = Floats.allocate(arena, LENGTH);
            Floats worse = Floats.of(arena, q.toArray());
            worse.set(0, -2e30f);
            assertThatThrownBy(() -> replica.update(worse, update, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessageStartingWith("mean of Q: expected");
            replica.update(q, update, Workers.SERIAL);
            replica.commit();
            assertThat(update.toArray())
                    .isEqualTo(round(arena, new PowerSgd(arena, TENSORS, SETTINGS), gradient.toArray()));
        }
    }

    @Example
    void phases_out_of_order_and_other_lengths_are_refused() {
        try (Arena arena = Arena.ofConfined()) {
            PowerSgd replica = new PowerSgd(arena, TENSORS, SETTINGS);
            Floats p = Floats.allocate(arena, replica.leftLength());
            Floats q = Floats.allocate(arena, replica.rightLength());
            assertThatThrownBy(() -> replica.right(p, q, Workers.SERIAL)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(replica::commit).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> replica.left(p, 1, p, Workers.SERIAL))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("gradient: expected " + LENGTH + " numbers, got " + replica.leftLength());
            replica.left(Floats.allocate(arena, LENGTH), 1, p, Workers.SERIAL);
            assertThatThrownBy(() -> replica.left(Floats.allocate(arena, LENGTH), 1, p, Workers.SERIAL))
                    .isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> new PowerSgd.Settings(0, 1)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
