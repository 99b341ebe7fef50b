package io.murmuration.faults.simulation;

import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.RunPlan;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.cluster.run.SwarmLimits;
import io.murmuration.faults.simulation.compute.ModelledSetup;
import io.murmuration.faults.simulation.compute.Numbers;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Batches;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What is simulated.
 *
 * @param run identity of the run
 * @param seed of chance in the actors
 * @param nodes there are; none of them is up yet
 * @param plan what the coordinator steers towards
 * @param limits of every node
 * @param numbers where the numbers come from; closed with the simulation
 */
public record SimulationPlan(
        String run, long seed, List<NodeSpec> nodes, RunPlan plan, SwarmLimits limits, Numbers numbers) {

    public SimulationPlan {
        nodes = List.copyOf(nodes);
    }

    /**
     * A run as the settings describe it, with real numbers from the pure-Java backend, which gives the same bits on every
     * machine.
     *
     * @param threads that compute
     * @param folder gets a folder per node that keeps checkpoints
     * @throws io.murmuration.cluster.config.UserError if the text of the run cannot be read
     */
    public static SimulationPlan real(RunSettings settings, List<NodeSpec> nodes, int threads, Path folder) {
        Batches batches = LocalRuns.batches(settings, LocalRuns.corpus(settings));
        TrainingSetup setup = LocalRuns.setup(settings, Backends.byName("java"), batches, Optional.empty());
        Map<String, String> origin = Map.of(
                CheckpointMeta.TOKENISER,
                settings.data().tokeniser().name(),
                CheckpointMeta.OPTIMISER,
                settings.optimiser().inner().name());
        return of(
                settings,
                nodes,
                LocalRuns.validationWindows(settings, batches)
                        / settings.batch().microbatch(),
                Numbers.real(setup, threads, folder, settings.checkpoint().keep(), origin));
    }

    /** A run as the settings describe it, whose numbers are only modelled. */
    public static SimulationPlan modelled(RunSettings settings, List<NodeSpec> nodes) {
        return of(
                settings,
                nodes,
                settings.validation().windows() / settings.batch().microbatch(),
                Numbers.modelled(
                        ModelledSetup.of(settings), settings.checkpoint().keep()));
    }

    /** Nodes that can coordinate keep checkpoints too. */
    private static int keepers(List<NodeSpec> nodes) {
        return (int) nodes.stream()
                .filter(node -> node.roles().contains(Role.COORDINATOR))
                .count();
    }

    private static SimulationPlan of(
            RunSettings settings, List<NodeSpec> nodes, int evaluationMicrobatches, Numbers numbers) {
        return new SimulationPlan(
                settings.name() + "-" + settings.seed(),
                settings.seed(),
                nodes,
                LocalRuns.plan(settings, evaluationMicrobatches, 0, keepers(nodes)),
                SwarmLimits.of(settings.limits()),
                numbers);
    }
}
