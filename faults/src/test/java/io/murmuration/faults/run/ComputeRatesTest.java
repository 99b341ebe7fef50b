package io.murmuration.faults.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.actors.protocol.Roster;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.file.ScenarioReader;
import io.murmuration.faults.simulation.compute.Device;
import io.murmuration.faults.simulation.compute.ModelledSetup;
import io.murmuration.faults.simulation.compute.StageCosts;
import io.murmuration.faults.sockets.Seen;
import io.murmuration.faults.sockets.SeenTask;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComputeRatesTest {

    private static final MicrobatchId ID = new MicrobatchId(Purpose.TRAIN, 5, 3);
    private static final Compute.Task<?> FORWARD = new Compute.Forward(ID, new byte[0], Payload.EMPTY);
    private static final Compute.Task<?> LOSS = new Compute.Loss(ID, new byte[0], Payload.EMPTY, true);

    @TempDir
    private Path folder;

    private Scenario scenario;
    private ComputeRates rates;

    @BeforeEach
    void scenario() throws IOException {
        scenario = new ScenarioReader(Optional.empty()).read(Files.writeString(folder.resolve("rates.conf"), """
                        scenario {
                          name = rates
                          steps = 8
                          run { swarm.stages = 2 }
                          nodes = [
                            { name = hub, count = 1, roles = [coordinator, trainer], flops = 50MFLOPS }
                            { name = eu, count = 2, roles = [shard], flops = 20MFLOPS }
                            { name = us, count = 2, roles = [shard], flops = 40MFLOPS, speed = 0.5 }
                          ]
                        }
                        """));
        rates = new ComputeRates(scenario);
    }

    private void committed(int count) {
        for (int step = 0; step < count; step++) {
            rates.accept(new Seen.Told(0, new RunEvent.StepCommitted(step, 5, 1, 8, 0, 4, Roster.EMPTY)));
        }
    }

    /** A task that takes as long as a device of that rate takes for it by the model. */
    private void computed(String node, Compute.Task<?> task, int stage, double flops, double speed) {
        long nanos = Math.round(StageCosts.of(ModelledSetup.of(scenario.settings()), Device.USUAL.flops(flops))
                        .get(stage)
                        .nanos(task)
                / speed);
        rates.accept(new Seen.Computed(
                0, Member.of(node + ":shard", 1), new SeenTask(task, new Compute.Completed<>("done")), nanos, stage));
    }

    private static double flops(Scenario fitted, String group) {
        return fitted.group(group).map(NodeGroup::flops).orElseThrow();
    }

    @Test
    void the_rate_of_a_group_is_the_one_at_which_the_model_takes_as_long_as_its_nodes_did() {
        committed(ComputeRates.WARM_UP);
        computed("eu-1", FORWARD, 0, 10e6, 1);
        computed("eu-2", LOSS, 1, 10e6, 1);
        computed("us-1", FORWARD, 0, 30e6, 0.5);
        Scenario fitted = rates.fitted();
        assertThat(flops(fitted, "eu")).isCloseTo(10e6, within(1e3));
        assertThat(flops(fitted, "us")).isCloseTo(30e6, within(3e3));
        // Who computes nothing is as far from the file as the others together.
        assertThat(flops(fitted, "hub")).isBetween(50e6 * 10 / 20, 50e6 * 30 / 40);
        assertThat(fitted.groups().get(2).speed()).isEqualTo(0.5);
    }

    @Test
    void what_was_computed_before_everybody_was_warm_and_what_is_no_pass_does_not_count() {
        committed(ComputeRates.WARM_UP - 1);
        computed("eu-1", FORWARD, 0, 1e6, 1);
        committed(1);
        computed("eu-1", FORWARD, 0, 10e6, 1);
        computed("eu-1", new Compute.Discard(), 0, 1, 1);
        assertThat(flops(rates.fitted(), "eu")).isCloseTo(10e6, within(1e3));
    }

    @Test
    void without_a_measurement_everything_stays_as_it_is() {
        assertThat(rates.fitted().groups()).extracting(NodeGroup::flops).isEqualTo(List.of(50e6, 20e6, 40e6));
    }
}
