package io.murmuration.faults.scenario.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.groups.Tuple.tuple;

import io.murmuration.cluster.config.LostStageChoice;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Bound;
import io.murmuration.faults.scenario.Comparison;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.Heal;
import io.murmuration.faults.scenario.Jitter;
import io.murmuration.faults.scenario.LinkChange;
import io.murmuration.faults.scenario.LinkSettings;
import io.murmuration.faults.scenario.Links;
import io.murmuration.faults.scenario.Loss;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.PartitionMode;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.scenario.Target;
import io.murmuration.faults.scenario.Trigger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The example of the design document, key by key. */
class DesignExampleTest {

    private final Scenario scenario = new ScenarioReader(Optional.of(Path.of("../config")))
            .read(Path.of("src/test/resources/scenarios/design.conf"));

    private ScenarioEvent event(int index) {
        return scenario.events().get(index);
    }

    @Test
    void the_run_follows_from_recipe_shorthands_and_nodes() {
        assertThat(scenario.name()).isEqualTo("burst loss with churn");
        assertThat(scenario.question()).isEqualTo("The example of the design, without its adversaries.");
        assertThat(scenario.seed()).isEqualTo(42);
        assertThat(scenario.duration()).contains(Duration.ofMinutes(10));
        assertThat(scenario.steps()).isEmpty();
        assertThat(scenario.compute()).isEqualTo(ComputeMode.REAL);
        assertThat(scenario.heal()).isEqualTo(new Heal.BeforeEnd());
        RunSettings settings = scenario.settings();
        assertThat(settings.swarm()).isEqualTo(new RunSettings.Swarm(4, 3, 3, 0, LostStageChoice.CHECKPOINT));
        assertThat(settings.batch().sequences()).isEqualTo(64);
        assertThat(settings.model().dim()).isEqualTo(32);
        assertThat(settings.model().layers()).isEqualTo(4);
        assertThat(settings.seed()).isEqualTo(42);
        assertThat(settings.name()).isEqualTo("swarm");
        assertThat(scenario.notes())
                .anyMatch(note -> note.contains("verifier"))
                .anyMatch(note -> note.contains("layers"));
        assertThat(scenario.initial(NodeRole.SHARD))
                .hasSize(14)
                .startsWith("eu-1")
                .endsWith("us-6");
        assertThat(scenario.initial(NodeRole.COORDINATOR)).containsExactly("hub-1", "hub-2", "hub-3");
        assertThat(scenario.group("us").orElseThrow().speed()).isEqualTo(0.5);
        assertThat(scenario.needsControl()).isTrue();
    }

    @Test
    void one_way_wins_over_both_ways_and_both_over_the_default() {
        Links links = scenario.links();
        LinkSettings inside = links.between("eu", "eu");
        assertThat(inside.latency()).isEqualTo(Duration.ofMillis(5));
        assertThat(inside.jitter()).isEqualTo(new Jitter(Jitter.Distribution.UNIFORM, Duration.ofMillis(1)));
        assertThat(inside.rate()).isEqualTo(OptionalLong.of(1_000_000_000));
        LinkSettings there = links.between("eu", "us");
        assertThat(there.latency()).isEqualTo(Duration.ofMillis(50));
        assertThat(there.jitter()).isEqualTo(new Jitter(Jitter.Distribution.NORMAL, Duration.ofMillis(8)));
        assertThat(there.rate()).isEqualTo(OptionalLong.of(200_000_000));
        assertThat(there.loss()).isEqualTo(new Loss.GilbertElliott(0.01, 0.3, 0, 0.5));
        LinkSettings back = links.between("us", "eu");
        assertThat(back.rate()).isEqualTo(OptionalLong.of(20_000_000));
        assertThat(back.latency()).isEqualTo(Duration.ofMillis(50));
        assertThat(back.loss()).isEqualTo(there.loss());
    }

    @Test
    void every_kind_of_event_is_read() {
        Target twoOfUs = new Target(List.of(new Target.OfGroup("us")), OptionalInt.of(2));
        Target oneOfEu = new Target(List.of(new Target.OfGroup("eu")), OptionalInt.of(1));
        assertThat(event(0).trigger()).isEqualTo(new Trigger.At(Duration.ofSeconds(30)));
        assertThat(event(0).action()).isEqualTo(new Action.Kill(twoOfUs));
        assertThat(event(1).action()).isInstanceOfSatisfying(Action.Partition.class, cut -> {
            assertThat(cut.mode()).isEqualTo(PartitionMode.DROP);
            assertThat(cut.first().anyOf()).containsExactly(new Target.InRegion("eu"));
            assertThat(cut.second().anyOf()).containsExactly(new Target.InRegion("us"));
        });
        assertThat(event(1).lasts()).contains(Duration.ofSeconds(20));
        assertThat(event(2).trigger()).isEqualTo(new Trigger.AtStep(40));
        assertThat(event(2).action())
                .isEqualTo(
                        new Action.Pause(new Target(List.of(new Target.Named(List.of("eu-3"))), OptionalInt.empty())));
        assertThat(event(3).action()).isEqualTo(new Action.Slow(oneOfEu, 10));
        assertThat(event(4).action()).isEqualTo(new Action.Join("us", 4));
        assertThat(event(5).action()).isEqualTo(new Action.Leave(oneOfEu));
        assertThat(event(6).trigger().text()).isEqualTo("when phase == averaging && round == 7");
        assertThat(event(6).action())
                .isEqualTo(new Action.Kill(new Target(List.of(Target.Moment.COORDINATOR_LEADER), OptionalInt.empty())));
        assertThat(event(7).trigger())
                .isEqualTo(new Trigger.Every(
                        Duration.ofSeconds(5), Duration.ofMinutes(5), Optional.of(Duration.ofMinutes(8))));
        assertThat(event(7).action())
                .isEqualTo(new Action.Restart(
                        new Target(List.of(new Target.WithRole(NodeRole.SHARD)), OptionalInt.of(1))));
        assertThat(event(8).action()).isInstanceOfSatisfying(Action.Churn.class, churn -> assertThat(churn.changes())
                .extracting(change -> change.time() + " " + change.node() + " " + change.up())
                .containsExactly("PT1M30S us-4 false", "PT2M0.5S us-4 true", "PT7M eu-8 false"));
        assertThat(event(9).action())
                .isEqualTo(new Action.Link(Map.of(
                        new Links.Pair("eu", "us"),
                        new LinkChange(
                                Optional.empty(),
                                Optional.empty(),
                                Optional.empty(),
                                Optional.of(new Loss.Independent(0.2)),
                                Optional.of(0.001),
                                Optional.of(0.05),
                                Optional.of(0.05)))));
        assertThat(event(10).action()).isInstanceOf(Action.Disk.class);
        assertThat(event(11).action()).isEqualTo(new Action.Clock(oneOfEu, Duration.ofHours(1)));
        assertThat(scenario.events()).hasSize(12);
        assertThat(event(11).place().text()).endsWith("design.conf:35");
    }

    @Test
    void bounds_have_their_units_and_liveness_is_implied() {
        assertThat(scenario.bounds().stream().filter(bound -> !bound.implied()))
                .extracting(bound -> bound.measure().key() + " " + bound.text())
                .containsExactly(
                        "every-microbatch-counted-once = true",
                        "replicas-agree = true",
                        "final-loss-ratio-to-control < 1.02",
                        "recovery < 30 s",
                        "lost-steps = 0",
                        "wasted-work < 0.1",
                        "utilisation > 0.85",
                        "throughput-ratio-to-control > 0.8",
                        "history-hash = ...");
        assertThat(scenario.bounds().stream().filter(Bound::implied))
                .extracting(Bound::measure, Bound::demand)
                .containsExactly(tuple(Measure.PROGRESS_AFTER_HEAL, new Bound.Compared(Comparison.LESS, 30)));
        assertThat(scenario.healing()).contains(Duration.ofMinutes(9).plusSeconds(30));
    }

    @Test
    void another_seed_is_the_seed_of_everything() {
        Scenario other = new ScenarioReader(Optional.of(Path.of("../config")))
                .read(Path.of("src/test/resources/scenarios/design.conf"), Optional.of(7L));
        assertThat(other.seed()).isEqualTo(7);
        assertThat(other.settings().seed()).isEqualTo(7);
    }
}
