package io.murmuration.tensors.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.murmuration.tensors.codec.CodecException;
import io.murmuration.tensors.codec.Compressor;
import io.murmuration.tensors.codec.ErrorFeedback;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.compute.Workers;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** DeMo, DisTrO and SparseLoCo as several replicas run them. */
class SparseOptimiserTest {

    private static final Workers PARALLEL =
            (pieces, piece) -> IntStream.range(0, pieces).parallel().forEach(piece);
    private static final Tensors TENSORS = new Tensors(List.of(
            new Tensors.Tensor("matrix", List.of(40, 36), true), new Tensors.Tensor("gain", List.of(48), false)));
    private static final int LENGTH = 40 * 36 + 48;
    private static final DeMo.Settings DEMO = new DeMo.Settings(0.999, 16, 4, 0.1);
    private static final DisTrO.Settings DISTRO = new DisTrO.Settings(0.999, 16, 4, 0.1, 0);

    @Property(tries = 30)
    void demo_replicas_agree_bit_for_bit_whatever_the_order_of_arrival(
            @ForAll @IntRange(min = 1, max = 5) int replicas, @ForAll long seed) {
        try (Arena arena = Arena.ofShared()) {
            List<DeMo> all = new ArrayList<>();
            List<Floats> parameters = new ArrayList<>();
            for (int replica = 0; replica < replicas; replica++) {
                all.add(new DeMo(arena, TENSORS, DEMO));
                parameters.add(Floats.of(arena, gaussian(seed)));
            }
            Floats update = Floats.allocate(arena, LENGTH);
            for (int step = 0; step < 3; step++) {
                List<Integer> arrival =
                        new ArrayList<>(IntStream.range(0, replicas).boxed().toList());
                Collections.shuffle(arrival, new Random(seed + step));
                TreeMap<Integer, ByteBuffer> arrived = new TreeMap<>();
                for (int replica : arrival) {
                    Floats gradient = Floats.of(arena, gaussian(seed + 31 * step + replica));
                    arrived.put(replica, contribution(all.get(replica), gradient));
                }
                for (int replica : arrival) {
                    Workers workers = replica % 2 == 0 ? Workers.SERIAL : PARALLEL;
                    DeMo own = all.get(replica);
                    own.combine(List.copyOf(arrived.values()), update, workers);
                    own.apply(parameters.get(replica), update, 0.01, workers);
                    own.momentum().commit();
                }
                for (Floats other : parameters) {
                    assertThat(other.segment().mismatch(parameters.getFirst().segment()))
                            .isEqualTo(-1);
                }
            }
        }
    }

    private static ByteBuffer contribution(DeMo replica, Floats gradient) {
        ByteBuffer bytes = ByteBuffer.allocate((int) replica.momentum().encodedSize());
        replica.contribute(gradient, 0.5f, 0.01, bytes, Workers.SERIAL);
        return bytes.flip();
    }

    @Example
    void a_slot_is_averaged_over_those_that_sent_it_and_untouched_parameters_stay() {
        Tensors tensors = new Tensors(List.of(new Tensors.Tensor("x", List.of(6), true)));
        DeMo.Settings settings = new DeMo.Settings(0.5, 2, 1, 0);
        try (Arena arena = Arena.ofConfined()) {
            DeMo one = new DeMo(arena, tensors, settings);
            DeMo two = new DeMo(arena, tensors, settings);
            // Chunks of two numbers; equal ones are slot 0 alone, opposite ones slot 1 alone; the last chunk is zero.
            Floats first = Floats.of(arena, 4, 4, 1, 1, 0, 0);
            Floats second = Floats.of(arena, -1, -1, 3, -3, 0, 0);
            List<ByteBuffer> both = List.of(demoBytes(one, first), demoBytes(two, second));
            Floats update = Floats.allocate(arena, 6);
            one.combine(both, update, Workers.SERIAL);
            float[] expected = {1.5f, 1.5f, 1 + 3, 1 - 3, 0, 0};
            for (int i = 0; i < expected.length; i++) {
                assertThat(Math.abs(update.get(i) - expected[i])).isLessThan(1e-6f);
            }
            Floats parameters = Floats.of(arena, 1, 1, 1, 1, 1, 1);
            one.apply(parameters, update, 0.25, Workers.SERIAL);
            assertThat(parameters.toArray()).containsExactly(0.75f, 0.75f, 0.75f, 1.25f, 1, 1);
        }
    }

    private static ByteBuffer demoBytes(DeMo replica, Floats gradient) {
        ByteBuffer bytes = ByteBuffer.allocate((int) replica.momentum().encodedSize());
        replica.contribute(gradient, 1, 1, bytes, Workers.SERIAL);
        return bytes.flip();
    }

    @Example
    void gains_do_not_decay() {
        try (Arena arena = Arena.ofConfined()) {
            DeMo demo = new DeMo(arena, TENSORS, DEMO);
            Floats parameters = Floats.allocate(arena, LENGTH);
            for (int i = 0; i < LENGTH; i++) {
                parameters.set(i, 2);
            }
            demo.apply(parameters, Floats.allocate(arena, LENGTH), 0.5, Workers.SERIAL);
            assertThat(parameters.get(0)).isEqualTo(2 * 0.95f);
            assertThat(parameters.get(LENGTH - 1)).isEqualTo(2);
        }
    }

    @Example
    void a_contribution_that_lies_is_refused_and_named() {
        try (Arena arena = Arena.ofConfined()) {
            DeMo demo = new DeMo(arena, TENSORS, DEMO);
            Floats update = Floats.allocate(arena, LENGTH);
            ByteBuffer good = contribution(demo, Floats.of(arena, gaussian(1)));
            ByteBuffer bad = ByteBuffer.wrap(good.array().clone());
            bad.put(70, (byte) ~bad.get(70)); // behind the header
            assertThatThrownBy(() -> demo.combine(List.of(good, bad), update, Workers.SERIAL))
                    .isInstanceOf(CodecException.class)
                    .hasMessageStartingWith("matrix: expected checksum");
            ByteBuffer signed = ByteBuffer.allocate(
                    (int) new DisTrO(arena, TENSORS, DISTRO).momentum().encodedSize());
            assertThatThrownBy(() -> demo.combine(List.of(signed), update, Workers.SERIAL))
                    .isInstanceOf(CodecException.class);
        }
    }

    @Property(tries = 20)
    void a_look_ahead_is_undone_to_the_bit(@ForAll long seed) {
        try (Arena arena = Arena.ofConfined()) {
            DisTrO distro = new DisTrO(arena, TENSORS, DISTRO);
            distroBytes(distro, Floats.of(arena, gaussian(seed)));
            distro.momentum().commit();
            Floats parameters = Floats.of(arena, gaussian(seed + 1));
            float[] before = parameters.toArray();
            distro.lookAhead(parameters, 0.1, Workers.SERIAL);
            int moved = 0;
            for (int i = 0; i < LENGTH; i++) {
                moved += Math.abs(Math.abs(parameters.get(i) - before[i]) - 0.1f) < 1e-6f ? 1 : 0;
            }
            assertThat(moved).isEqualTo(LENGTH);
            assertThatThrownBy(() -> distro.begin(0, parameters, 0.1, Workers.SERIAL))
                    .isInstanceOf(IllegalStateException.class);
            distro.undo(parameters);
            assertThat(parameters.toArray()).isEqualTo(before);
            assertThatThrownBy(() -> distro.undo(parameters)).isInstanceOf(IllegalStateException.class);
        }
    }

    private static ByteBuffer distroBytes(DisTrO replica, Floats gradient) {
        ByteBuffer bytes = ByteBuffer.allocate((int) replica.momentum().encodedSize());
        replica.contribute(gradient, 1, 0.01, bytes, Workers.SERIAL);
        return bytes.flip();
    }

    @Example
    void an_update_of_a_round_is_applied_two_rounds_later() {
        Tensors tensors = new Tensors(List.of(new Tensors.Tensor("x", List.of(2), true)));
        try (Arena arena = Arena.ofConfined()) {
            DisTrO distro = new DisTrO(arena, tensors, new DisTrO.Settings(0.999, 64, 2, 0, 0));
            Floats parameters = Floats.of(arena, 0, 0);
            List<float[]> trace = new ArrayList<>();
            for (int round = 0; round < 5; round++) {
                distro.begin(round, parameters, 0.5, Workers.SERIAL);
                trace.add(parameters.toArray());
                // The signs of (2, 1) are those of its two coefficients: both positive, and (1 + 1) / sqrt 2 > 0 = (1 -
                // 1).
                Floats gradient = round == 1 ? Floats.of(arena, 1, 2) : Floats.of(arena, 2, 1);
                ByteBuffer bytes = distroBytes(distro, gradient);
                distro.momentum().commit();
                if (round < 2) {
                    distro.receive(round, List.of(bytes), Workers.SERIAL);
                }
            }
            assertThat(trace.get(1)).containsExactly(0, 0);
            assertThat(trace.get(2)[0]).isEqualTo(-0.5f); // of round 0
            assertThat(trace.get(3)[1]).isNotEqualTo(trace.get(2)[1]); // of round 1
            assertThat(trace.get(4)).isEqualTo(trace.get(3)); // round 2 had no contributions
        }
    }

    @Property(tries = 20)
    void distro_replicas_agree_and_one_that_starts_from_saved_state_goes_on_alike(@ForAll long seed) {
        try (Arena arena = Arena.ofShared()) {
            DisTrO one = new DisTrO(arena, TENSORS, DISTRO);
            DisTrO two = new DisTrO(arena, TENSORS, DISTRO);
            Floats first = Floats.of(arena, gaussian(seed));
            Floats second = Floats.of(arena, gaussian(seed));
            for (int round = 0; round < 6; round++) {
                List<ByteBuffer> sent = List.of(
                        round(one, round, first, Floats.of(arena, gaussian(seed + round)), arena),
                        round(two, round, second, Floats.of(arena, gaussian(seed - round)), arena));
                one.receive(round, sent, Workers.SERIAL);
                two.receive(round, sent, PARALLEL);
                assertThat(first.segment().mismatch(second.segment())).isEqualTo(-1);
                if (round == 3) {
                    DisTrO restarted = new DisTrO(arena, TENSORS, DISTRO);
                    restore(two, restarted);
                    two = restarted;
                }
            }
            assertThat(first.toArray()).isNotEqualTo(gaussian(seed));
        }
    }

    private static void restore(DisTrO saved, DisTrO fresh) {
        saved.state().forEach((name, vector) -> fresh.state().get(name).copyFrom(vector));
    }

    private static ByteBuffer round(DisTrO own, int round, Floats parameters, Floats gradient, Arena arena) {
        own.begin(round, parameters, 0.01, Workers.SERIAL);
        own.lookAhead(parameters, 0.01, Workers.SERIAL);
        own.undo(parameters);
        ByteBuffer bytes = distroBytes(own, gradient);
        own.momentum().commit();
        return bytes;
    }

    @Example
    void the_learning_rate_climbs_after_a_cold_start() {
        try (Arena arena = Arena.ofConfined()) {
            DisTrO distro = new DisTrO(arena, TENSORS, new DisTrO.Settings(0.999, 16, 4, 0, 3));
            Schedule schedule = new Schedule.Constant(new Schedule.Warmup(0.8, 0, 0));
            assertThat(IntStream.range(10, 16).mapToDouble(round -> distro.learningRate(schedule, round, 10)))
                    .containsExactly(0.2, 0.4, 0.6000000000000001, 0.8, 0.8, 0.8);
        }
    }

    @Example
    void distro_sends_a_bit_and_an_index_for_each_coefficient() {
        Tensors tensors = new Tensors(List.of(new Tensors.Tensor("x", List.of(128, 64), true)));
        try (Arena arena = Arena.ofConfined()) {
            DisTrO distro = new DisTrO(arena, tensors, new DisTrO.Settings(0.999, 64, 8, 0, 0));
            int header = 10 + 2 * 4 + 4 * 4 + 8;
            assertThat(distro.momentum().encodedSize()).isEqualTo(header + 2 * (8 * 12 / 8 + 1) + 4);
        }
    }

    @Example
    void sparse_loco_clips_a_block_to_the_median_norm_and_takes_the_mean() {
        Tensors tensors = new Tensors(
                List.of(new Tensors.Tensor("a", List.of(3), true), new Tensors.Tensor("b", List.of(2), true)));
        SparseLoCo.Settings settings = new SparseLoCo.Settings(0.5, 1, 0.5, 3, 1);
        try (Arena arena = Arena.ofConfined()) {
            List<ByteBuffer> sent = new ArrayList<>();
            List<SparseLoCo> replicas = new ArrayList<>();
            // One number of each chunk is sent, so it is sent exactly: its own mean.
            for (float[] delta : new float[][] {{0, 1, 0, 0, 2}, {40, 1, 0, -2, 0}, {0, 0, 2, 0, 2}}) {
                SparseLoCo replica = new SparseLoCo(arena, tensors, settings);
                ByteBuffer bytes = ByteBuffer.allocate((int) replica.feedback().encodedSize());
                replica.contribute(Floats.of(arena, delta), bytes, Workers.SERIAL);
                replica.feedback().commit();
                sent.add(bytes.flip());
                replicas.add(replica);
            }
            assertThat(replicas.get(1)
                            .feedback()
                            .state()
                            .get(ErrorFeedback.RESIDUAL)
                            .toArray())
                    .containsExactly(0, 1, 0, 0, 0);
            Floats update = Floats.allocate(arena, 5);
            replicas.getFirst().combine(sent, update, Workers.SERIAL);
            float third = 1f / 3;
            assertThat(update.toArray()).containsExactly(2 * third, third, 2 * third, -2 * third, 4 * third);
            Floats parameters = Floats.of(arena, 1, 1, 1, 1, 1);
            replicas.getFirst().apply(parameters, update);
            assertThat(parameters.get(4)).isEqualTo(1 - 0.5f * (4 * third));
            assertThat(update.toArray())
                    .as("stays for the digest")
                    .containsExactly(2 * third, third, 2 * third, -2 * third, 4 * third);
        }
    }

    @Property(tries = 20)
    void a_sparse_loco_round_on_many_threads_gives_the_same_bits(@ForAll long seed) {
        Tensors tensors = new Tensors(List.of(new Tensors.Tensor("x", List.of(500, 300), true)));
        try (Arena arena = Arena.ofShared()) {
            List<Floats> updates = new ArrayList<>();
            Random random = new Random(seed);
            Floats delta = Floats.allocate(arena, 150_000);
            for (long i = 0; i < delta.length(); i++) {
                delta.set(i, (float) random.nextGaussian());
            }
            for (Workers workers : List.of(Workers.SERIAL, PARALLEL)) {
                SparseLoCo replica = new SparseLoCo(arena, tensors, new SparseLoCo.Settings(0.95, 1, 1, 4096, 64));
                Compressor feedback = replica.feedback();
                ByteBuffer bytes = ByteBuffer.allocate((int) feedback.encodedSize());
                replica.contribute(delta, bytes, workers);
                Floats update = Floats.allocate(arena, delta.length());
                replica.combine(List.of(bytes.flip()), update, workers);
                updates.add(update);
            }
            assertThat(updates.get(0).segment().mismatch(updates.get(1).segment()))
                    .isEqualTo(-1);
        }
    }

    @Example
    void without_an_update_nothing_decays() {
        try (Arena arena = Arena.ofConfined()) {
            DisTrO distro = new DisTrO(arena, TENSORS, DISTRO);
            Floats parameters = Floats.of(arena, gaussian(1));
            for (int round = 0; round < 4; round++) {
                distro.begin(round, parameters, 0.5, Workers.SERIAL);
                ByteBuffer bytes = distroBytes(distro, Floats.of(arena, gaussian(round)));
                distro.momentum().commit();
                if (round == 0) {
                    distro.receive(round, List.of(bytes), Workers.SERIAL);
                } else if (round == 1) {
                    bytes.put(70, (byte) ~bytes.get(70));
                    assertThatThrownBy(() -> distro.receive(1, List.of(bytes), Workers.SERIAL))
                            .isInstanceOf(CodecException.class);
                }
                if (round < 2) {
                    assertThat(parameters.toArray()).as("round %d", round).isEqualTo(gaussian(1));
                }
                if (round == 2) {
                    assertThat(parameters.toArray()).isNotEqualTo(gaussian(1));
                    parameters.copyFrom(gaussian(1));
                }
            }
            assertThat(parameters.toArray()).as("round 1 had failed").isEqualTo(gaussian(1));
        }
    }

    @Example
    void garbage_of_a_step_against_the_sign_does_not_grow_with_the_vector() {
        int pieces = 40;
        Tensors tensors = new Tensors(List.of(
                new Tensors.Tensor("x", List.of(pieces, 65_536), true),
                new Tensors.Tensor("y", List.of(pieces, 65_536), false)));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.allocate(arena, tensors.length());
            Floats update = Floats.allocate(arena, tensors.length());
            long before = threads.getCurrentThreadAllocatedBytes();
            SignDescent.step(tensors, parameters, update, 0.1, 0.1, Workers.SERIAL);
            long garbage = threads.getCurrentThreadAllocatedBytes() - before;
            // Two arrays of 16 KiB, once; a piece leaves a node of a queue and, before the compiler comes, slices of
            // memory.
            assertThat(garbage).isLessThan(8 * 32 * 1024 + pieces * 2 * 4096L);
        }
    }

    private static float[] gaussian(long seed) {
        Random random = new Random(seed);
        float[] numbers = new float[LENGTH];
        for (int i = 0; i < LENGTH; i++) {
            numbers[i] = (float) random.nextGaussian();
        }
        return numbers;
    }
}
