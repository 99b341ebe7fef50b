package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.simulation.DirectWorld;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.NodeSpec;
import io.murmuration.faults.simulation.Simulation;
import io.murmuration.faults.simulation.SimulationPlan;
import io.murmuration.faults.simulation.Taps;
import io.murmuration.faults.simulation.compute.FolderStorage;
import io.murmuration.faults.simulation.compute.Numbers;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real numbers in virtual time. */
final class SimulatedTrainingTest {

    private static final TestSwarm.Spec SPEC = TestSwarm.Spec.nano(3, 2, 3);

    private record Result(String historyHash, float[] parameters, Map<Integer, String> digests) {}

    @TempDir
    private Path folder;

    private Result simulate(TestSwarm.Spec spec, int threads, String name) {
        List<NodeSpec> nodes = new ArrayList<>();
        nodes.add(NodeSpec.of("hub-1", "eu", Role.COORDINATOR, Role.TRAINER));
        nodes.add(NodeSpec.of("hub-2", "eu", Role.TRAINER));
        for (int shard = 0; shard < spec.stages() * spec.replicas(); shard++) {
            nodes.add(NodeSpec.of("eu-" + shard, "eu", Role.SHARD));
        }
        Numbers numbers = Numbers.real(
                TestSwarm.setup(spec),
                threads,
                folder.resolve(name),
                1,
                Map.of(CheckpointMeta.TOKENISER, "bytes", CheckpointMeta.OPTIMISER, "adamw"));
        var plan =
                new SimulationPlan("test", spec.seed(), nodes, TestSwarm.plan(spec), TestSwarm.limits(spec), numbers);
        EventLoop loop = new EventLoop();
        List<RunEvent> events = new ArrayList<>();
        try (Simulation simulation =
                Simulation.start(loop, plan, new DirectWorld(loop), Taps.of(seen -> events.add(seen.event())))) {
            nodes.forEach(node -> simulation.boot(node.name()));
            simulation.run(
                    Duration.ofHours(1).toNanos(),
                    () -> !events.isEmpty() && events.getLast() instanceof RunEvent.Finished);
            assertThat(events.getLast()).isInstanceOf(RunEvent.Finished.class);
            FolderStorage storage = (FolderStorage) simulation.storage("hub-1");
            assertThat(storage.intact()).containsExactly((long) spec.steps());
            float[] parameters = TestSwarm.parameters(spec, storage.store());
            assertThat(storage.flipBit(12_345)).isTrue();
            assertThat(storage.intact()).isEmpty();
            return new Result(simulation.historyHash(), parameters, ((RunEvent.Finished) events.getLast()).digests());
        }
    }

    @Test
    void whatIsLearntInVirtualTimeIsWhatASwarmLearns() throws InterruptedException {
        Result simulated = simulate(SPEC, 2, "simulated");
        TestSwarm.Result swarm = TestSwarm.run(SPEC, folder.resolve("swarm"));
        // Which replica counts which microbatch depends on real time in a swarm, and so does the order of the sums.
        assertThat(TestSwarm.distance(simulated.parameters(), swarm.parameters()))
                .isLessThan(1e-6);
    }

    @Test
    void theHistoryDependsOnTheSeedAndNotOnHowManyThreadsCompute() {
        Result first = simulate(SPEC, 1, "a");
        Result second = simulate(SPEC, 1, "b");
        Result wider = simulate(SPEC, 2, "c");
        assertThat(second.historyHash()).isEqualTo(first.historyHash());
        assertThat(wider.historyHash()).isEqualTo(first.historyHash());
        assertThat(wider.digests()).isEqualTo(first.digests());
        TestSwarm.Spec other = new TestSwarm.Spec(
                SPEC.model(),
                SPEC.backend(),
                SPEC.stages(),
                SPEC.replicas(),
                SPEC.steps(),
                2,
                SPEC.credits(),
                SPEC.activations(),
                SPEC.averaging(),
                SPEC.floor(),
                SPEC.ceiling(),
                SPEC.restarts(),
                SPEC.staleness(),
                SPEC.learningRate());
        assertThat(simulate(other, 1, "d").historyHash()).isNotEqualTo(first.historyHash());
    }
}
