package io.murmuration.faults.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.run.RunEvent;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs from the settings that a real run is made from. */
final class SimulationPlanTest {

    private static final RunSettings SETTINGS = SettingsLoader.defaultsWith(
            "model.preset=nano",
            "steps=2",
            "swarm.stages=2",
            "swarm.replicas=2",
            "batch.sequences=8",
            "validation.windows=4");

    private static List<RunEvent> run(SimulationPlan plan) {
        EventLoop loop = new EventLoop();
        List<RunEvent> events = new ArrayList<>();
        try (Simulation simulation =
                Simulation.start(loop, plan, new DirectWorld(loop), Taps.of(seen -> events.add(seen.event())))) {
            ModelledRuns.bootAll(simulation);
            simulation.run(
                    Duration.ofHours(1).toNanos(),
                    () -> !events.isEmpty() && events.getLast() instanceof RunEvent.Finished);
        }
        return events;
    }

    private static double evaluated(List<RunEvent> events) {
        return events.stream()
                .filter(RunEvent.Evaluated.class::isInstance)
                .map(RunEvent.Evaluated.class::cast)
                .peek(evaluated -> assertThat(evaluated.microbatches()).isEqualTo(2))
                .reduce((before, last) -> last)
                .orElseThrow()
                .loss();
    }

    @Test
    void settingsMakeARunWithRealNumbersWhichLearns(@TempDir Path folder) {
        List<RunEvent> events = run(SimulationPlan.real(SETTINGS, ModelledRuns.nodes(4), 2, folder));
        assertThat(events.getLast())
                .isInstanceOfSatisfying(RunEvent.Finished.class, finished -> assertThat(finished.version())
                        .isEqualTo(2));
        assertThat(evaluated(events)).isBetween(4.0, Math.log(256) + 0.1);
    }

    @Test
    void settingsMakeARunWithModelledNumbersWhichKnowsNoLoss() {
        List<RunEvent> events = run(SimulationPlan.modelled(SETTINGS, ModelledRuns.nodes(4)));
        assertThat(events.getLast()).isInstanceOf(RunEvent.Finished.class);
        assertThat(evaluated(events)).isZero();
    }
}
