package io.murmuration.faults.simulation;

import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.routing.AdaptiveDeadline;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.faults.simulation.compute.ModelledSetup;
import io.murmuration.faults.simulation.compute.Numbers;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Runs on modelled numbers for tests: one hub, and shards named eu-0, eu-1, ... */
final class ModelledRuns {

    private static final ModelSpec MODEL = ModelSpec.BASE;

    private ModelledRuns() {}

    static SimulationPlan plan(int stages, int replicas, int steps, long seed) {
        return new SimulationPlan(
                "test",
                seed,
                nodes(stages * replicas),
                runPlan(stages, replicas, steps),
                limits(),
                numbers(stages, seed));
    }

    static List<NodeSpec> nodes(int shards) {
        List<NodeSpec> nodes = new ArrayList<>();
        nodes.add(NodeSpec.of("hub-1", "eu", Role.COORDINATOR, Role.TRAINER));
        nodes.add(NodeSpec.of("hub-2", "eu", Role.TRAINER));
        for (int shard = 0; shard < shards; shard++) {
            nodes.add(NodeSpec.of("eu-" + shard, "eu", Role.SHARD));
        }
        return nodes;
    }

    static Numbers numbers(int stages, long seed) {
        StagePlan plan = StagePlan.of(MODEL.layers(), stages);
        List<Long> parameters = plan.slices().stream()
                .map(slice -> ParameterLayout.of(MODEL, slice).length())
                .toList();
        return Numbers.modelled(
                new ModelledSetup(MODEL, plan, 2, seed, Codecs.byName("int8"), Codecs.byName("fp32"), 2, parameters),
                3);
    }

    static RunPlan runPlan(int stages, int replicas, int steps) {
        return new RunPlan(
                stages,
                replicas,
                2,
                0,
                steps,
                8 * replicas,
                0,
                0,
                0,
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                new RunPlan.Joins(3, 2, 8),
                1,
                2,
                Duration.ofSeconds(60),
                0,
                Duration.ofSeconds(10),
                List.of());
    }

    static SwarmLimits limits() {
        return new SwarmLimits(
                4,
                new AdaptiveDeadline.Settings(
                        Duration.ofSeconds(5).toNanos(), Duration.ofSeconds(60).toNanos(), 6),
                Duration.ofMillis(10),
                Duration.ofMillis(500),
                Duration.ofSeconds(2),
                Duration.ofSeconds(30),
                3,
                5,
                Duration.ofSeconds(30),
                512 << 10,
                64,
                2,
                8,
                64 << 20,
                1 << 20,
                4,
                8,
                Duration.ofSeconds(10),
                Duration.ofSeconds(60),
                64,
                16);
    }

    static void bootAll(Simulation simulation) {
        simulation.plan().nodes().forEach(node -> simulation.boot(node.name()));
    }

    /** The history of a run from beginning to end. */
    static String historyHash(int stages, int replicas, int steps, long seed) {
        EventLoop loop = new EventLoop();
        List<Taps.Seen> events = new ArrayList<>();
        try (Simulation simulation = Simulation.start(
                loop, plan(stages, replicas, steps, seed), new DirectWorld(loop), Taps.of(events::add))) {
            bootAll(simulation);
            simulation.run(Duration.ofHours(1).toNanos(), () -> events.stream()
                    .anyMatch(seen -> seen.event() instanceof RunEvent.Finished));
            return simulation.historyHash();
        }
    }
}
