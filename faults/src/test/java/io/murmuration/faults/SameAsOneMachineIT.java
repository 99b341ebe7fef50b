package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.actors.port.Compute;
import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With fp32 on the wire and in averaging, a swarm computes what one machine computes. */
final class SameAsOneMachineIT {

    /** Another order of summation moves parameters by some 1e-8, one microbatch too many by some 1e-3. */
    private static final double SAME = 1e-6;

    @Test
    void three_stages_of_two_replicas_end_with_the_parameters_of_one_machine(@TempDir Path folder) throws Exception {
        Result one = TestSwarm.run(Spec.nano(1, 1, 5), folder.resolve("one"));
        Result swarm = TestSwarm.run(Spec.nano(3, 2, 5), folder.resolve("swarm"));

        assertThat(swarm.losses()).hasSize(5);
        for (int step = 0; step < 5; step++) {
            assertThat(swarm.losses().get(step)).isCloseTo(one.losses().get(step), within(1e-5));
        }
        assertThat(TestSwarm.distance(swarm.parameters(), one.parameters())).isLessThan(SAME);
    }

    @Test
    void after_fifty_steps_the_losses_are_still_the_same(@TempDir Path folder) throws Exception {
        Result one = TestSwarm.run(Spec.nano(1, 1, 50), folder.resolve("one"));
        Result swarm = TestSwarm.run(Spec.nano(3, 2, 50), folder.resolve("swarm"));

        assertThat(swarm.losses().get(49)).isCloseTo(one.losses().get(49), within(1e-3));
        assertThat(one.losses().get(49)).isLessThan(one.losses().get(0) - 1);
    }

    @Test
    void both_backends_end_with_the_same_parameters(@TempDir Path folder) throws Exception {
        Result java = TestSwarm.run(Spec.nano(3, 2, 5), folder.resolve("java"));
        Spec onNd4j = Spec.nano(3, 2, 5).backend("nd4j");
        Result nd4j = TestSwarm.run(onNd4j, folder.resolve("nd4j"));

        assertThat(TestSwarm.distance(nd4j.parameters(), java.parameters())).isLessThan(1e-4);
    }

    @Test
    void one_microbatch_counted_twice_in_a_single_step_would_be_seen(@TempDir Path folder) throws Exception {
        Result one = TestSwarm.run(Spec.nano(1, 1, 5), folder.resolve("one"));
        AtomicBoolean planted = new AtomicBoolean();
        Result doubled = TestSwarm.run(
                Spec.nano(3, 2, 5),
                folder.resolve("doubled"),
                ports -> TamperedCompute.tampered(ports, (owner, task) -> {
                    boolean target = task instanceof Compute.Backward backward
                            && backward.id().step() == 2
                            && backward.count()
                            && planted.compareAndSet(false, true);
                    return target ? Optional.of(new TamperedCompute.Before(task)) : Optional.empty();
                }),
                (swarm, event) -> {});

        assertThat(planted).isTrue();
        assertThat(TestSwarm.distance(doubled.parameters(), one.parameters())).isGreaterThan(100 * SAME);
    }
}
