package io.murmuration.faults.explore;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.PartitionMode;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Trigger;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScenarioDrawTest {

    private static final int SEEDS = 500;

    @TempDir
    private Path folder;

    private Scenario read(long seed) throws IOException {
        Path file = Files.writeString(folder.resolve("drawn.conf"), Exploration.text(seed, Optional.empty()));
        return new ScenarioReader(Optional.empty()).read(file);
    }

    @Test
    void every_seed_gives_a_scenario_within_the_limits_that_can_be_read() throws IOException {
        Set<Integer> stalenesses = new TreeSet<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = read(seed);
            assertThat(scenario.seed()).isEqualTo(seed);
            assertThat(scenario.steps().orElseThrow()).isBetween(10L, 25L);
            assertThat(scenario.settings().swarm().stages()).isBetween(2, 4);
            int stages = scenario.settings().swarm().stages();
            assertThat(scenario.initial(NodeRole.SHARD)).hasSizeBetween(2 * stages, 4 * stages);
            assertThat(scenario.initial(NodeRole.COORDINATOR)).hasSizeBetween(1, 3);
            assertThat(scenario.initial(NodeRole.TRAINER)).hasSizeBetween(1, 3);
            assertThat(scenario.events()).hasSizeLessThanOrEqualTo(8);
            assertThat(scenario.healingStep()).isPresent();
            assertThat(scenario.compute()).isEqualTo(seed % 10 == 0 ? ComputeMode.REAL : ComputeMode.COST);
            boolean asynchronous = scenario.settings().swarm().staleness() > 0;
            assertThat(scenario.bound(Measure.PARAMETERS_DISTANCE_TO_CONTROL).isPresent())
                    .isEqualTo(seed % 10 == 0 && !asynchronous);
            assertThat(scenario.bound(Measure.FINAL_LOSS_RATIO_TO_CONTROL).isPresent())
                    .isEqualTo(seed % 10 == 0 && asynchronous);
            stalenesses.add(scenario.settings().swarm().staleness());
        }
        assertThat(stalenesses).containsExactly(0, 1, 2, 3);
    }

    @Test
    void every_kind_of_event_partition_and_trigger_comes_up() throws IOException {
        Set<String> actions = new TreeSet<>();
        Set<String> triggers = new TreeSet<>();
        Set<PartitionMode> modes = EnumSet.noneOf(PartitionMode.class);
        for (long seed = 1; seed <= SEEDS; seed++) {
            read(seed).events().forEach(event -> {
                actions.add(event.action().getClass().getSimpleName());
                triggers.add(event.trigger().getClass().getSimpleName());
                if (event.action() instanceof Action.Partition cut) {
                    modes.add(cut.mode());
                }
            });
        }
        assertThat(actions)
                .containsExactly(
                        "Clock",
                        "Disk",
                        "HealAll",
                        "Join",
                        "Kill",
                        "Leave",
                        "Link",
                        "Partition",
                        "Pause",
                        "Restart",
                        "Slow");
        assertThat(triggers).containsExactly("At", "AtStep", "Every", "When");
        assertThat(modes).containsExactlyInAnyOrder(PartitionMode.values());
    }

    @Test
    void never_all_disks_are_damaged_and_never_more_than_one_leaves() throws IOException {
        for (long seed = 1; seed <= SEEDS; seed++) {
            Scenario scenario = read(seed);
            List<Action> actions =
                    scenario.events().stream().map(event -> event.action()).toList();
            long damaged = actions.stream()
                    .filter(action -> action instanceof Action.Disk disk && disk.fault() != Action.DiskFault.FULL)
                    .map(action -> action.befalls().orElseThrow().text())
                    .distinct()
                    .count();
            assertThat(damaged)
                    .isLessThan(scenario.initial(NodeRole.COORDINATOR).size());
            assertThat(actions).filteredOn(Action.Leave.class::isInstance).hasSizeLessThanOrEqualTo(1);
            assertThat(scenario.events())
                    .noneMatch(event ->
                            event.action() instanceof Action.Leave && event.trigger() instanceof Trigger.Every);
        }
    }

    @Test
    void the_same_seed_gives_the_same_text_and_another_length_if_asked() {
        assertThat(Exploration.text(7, Optional.empty())).isEqualTo(Exploration.text(7, Optional.empty()));
        assertThat(Exploration.text(7, Optional.empty())).isNotEqualTo(Exploration.text(8, Optional.empty()));
        assertThat(Exploration.text(7, Optional.of(12L))).contains("  steps = 12\n");
    }
}
