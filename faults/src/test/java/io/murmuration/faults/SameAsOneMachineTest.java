package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.faults.TestSwarm.Result;
import io.murmuration.faults.TestSwarm.Spec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With fp32 on the wire and in averaging, a swarm computes what one machine computes. */
final class SameAsOneMachineTest {

    @Test
    void three_stages_of_two_replicas_end_with_the_parameters_of_one_machine(@TempDir Path folder) throws Exception {
        Result one = TestSwarm.run(Spec.nano(1, 1, 5), folder.resolve("one"));
        Result swarm = TestSwarm.run(Spec.nano(3, 2, 5), folder.resolve("swarm"));
        assertThat(swarm.losses()).hasSize(5);
        for (int step = 0; step < 5; step++) {
            assertThat(swarm.losses().get(step)).isCloseTo(one.losses().get(step), within(1e-5));
        }
        double distance = TestSwarm.distance(swarm.parameters(), one.parameters());
        System.out.println("distance " + distance + " losses " + swarm.losses());
        assertThat(distance).isLessThan(1e-6);
    }
}
