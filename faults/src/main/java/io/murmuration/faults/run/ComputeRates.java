package io.murmuration.faults.run;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.simulation.compute.Device;
import io.murmuration.faults.simulation.compute.ModelledSetup;
import io.murmuration.faults.simulation.compute.StageCosts;
import io.murmuration.faults.sockets.Seen;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Fits the one number of the cost model that is a property of the machine: what a device computes a second, for each group of
 * nodes, from the time that passes of microbatches took in processes. Everything else stays as the model has it.
 */
final class ComputeRates implements Consumer<Seen> {

    /** Until then the JIT compiler is at work, and nobody computes at the speed of the rest of the run. */
    static final int WARM_UP = 3;

    /** So fast that only what is no matrix product takes time. */
    private static final double INFINITE = 1e30;

    /** Times of a group, in nanoseconds: as it was, and by the model at the group's own rate and beside the products. */
    private static final class Sums {
        private double measured;
        private double products;
        private double beside;

        private double ratio() {
            double left = measured - beside;
            return products > 0 && left > 0 ? products / left : Double.NaN;
        }
    }

    private final Scenario scenario;
    private final Map<String, Sums> groups = new LinkedHashMap<>();
    private final Map<String, List<StageCosts>> modelled = new LinkedHashMap<>();
    private final List<StageCosts> beside;
    private final Sums all = new Sums();
    private int committed;

    ComputeRates(Scenario scenario) {
        this.scenario = scenario;
        ModelledSetup setup = ModelledSetup.of(scenario.settings());
        this.beside = StageCosts.of(setup, Device.USUAL.flops(INFINITE));
        for (NodeGroup group : scenario.groups()) {
            groups.put(group.name(), new Sums());
            modelled.put(group.name(), StageCosts.of(setup, Device.USUAL.flops(group.flops())));
        }
    }

    @Override
    public void accept(Seen seen) {
        switch (seen) {
            case Seen.Told(long nanos, RunEvent.StepCommitted step) -> committed++;
            case Seen.Computed computed when committed >= WARM_UP -> computed(computed);
            default -> {}
        }
    }

    private void computed(Seen.Computed computed) {
        Compute.Task<?> task = computed.work().task();
        String node = RunTracker.nodeOf(computed.owner());
        if (!StageCosts.isPass(task) || !(computed.work().outcome() instanceof Compute.Completed<?>)) {
            return;
        }
        scenario.groups().stream()
                .filter(group -> group.number(node).isPresent())
                .findFirst()
                .ifPresent(group -> {
                    double rest = beside.get(computed.stage()).nanos(task) / group.speed();
                    double products =
                            modelled.get(group.name()).get(computed.stage()).nanos(task) / group.speed() - rest;
                    for (Sums sums : List.of(groups.get(group.name()), all)) {
                        sums.measured += computed.busyNanos();
                        sums.products += products;
                        sums.beside += rest;
                    }
                });
    }

    /** The scenario with the rates that were measured; a group that computed nothing gets those of the others together. */
    Scenario fitted() {
        return scenario.withGroups(scenario.groups().stream()
                .map(group -> group.withFlops(group.flops() * ratio(groups.get(group.name()))))
                .toList());
    }

    private double ratio(Sums sums) {
        double own = sums.ratio();
        double others = all.ratio();
        return Double.isFinite(own) ? own : Double.isFinite(others) ? others : 1;
    }
}
