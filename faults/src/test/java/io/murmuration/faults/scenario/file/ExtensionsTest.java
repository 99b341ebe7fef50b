package io.murmuration.faults.scenario.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.config.ScheduleName;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Bound;
import io.murmuration.faults.scenario.Comparison;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.Heal;
import io.murmuration.faults.scenario.Jitter;
import io.murmuration.faults.scenario.LinkSettings;
import io.murmuration.faults.scenario.Links;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.PartitionMode;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Target;
import io.murmuration.faults.scenario.Timeline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the format has beyond the example of the design. */
class ExtensionsTest {

    private static final String NODES = """
              nodes = [
                { name = eu, count = 4, roles = [shard] }
                { name = us, count = 4, roles = [shard], start = later, cores = 2, flops = 2 TFLOPS, uplink = 1.5Mbps,
                  downlink = 20 Mbps, memory = 2 GiB }
                { name = hub, count = 3, region = eu, roles = [coordinator, trainer] }
              ]
            """;

    @TempDir
    private Path folder;

    private Scenario read(String text) throws IOException {
        Path file =
                Files.writeString(folder.resolve("s.conf"), "scenario {\n name = \"x y\"\n" + NODES + text + "\n}\n");
        return new ScenarioReader(Optional.empty()).read(file);
    }

    private Action action(String event) throws IOException {
        return read("steps = 20, run.stages = 2\nevents = [ " + event + " ]")
                .events()
                .getFirst()
                .action();
    }

    @Test
    void groups_have_devices_and_lines_and_may_start_later() throws IOException {
        Scenario scenario =
                read("steps = 20, run.stages = 2, events = [ { at = 1s, do = join, group = us, count = 4 } ]");
        NodeGroup us = scenario.group("us").orElseThrow();
        assertThat(us.initial()).isEmpty();
        assertThat(us.cores()).isEqualTo(2);
        assertThat(us.flops()).isEqualTo(2e12);
        assertThat(us.uplink()).hasValue(1_500_000);
        assertThat(us.downlink()).hasValue(20_000_000);
        assertThat(us.memory()).isEqualTo(2L << 30);
        assertThat(us.region()).isEqualTo("us");
        assertThat(scenario.initial(NodeRole.SHARD)).hasSize(4);
        assertThat(scenario.settings().swarm().replicas()).isEqualTo(2);
        assertThat(scenario.settings().swarm().trainers()).isEqualTo(3);
        assertThat(Timeline.of(scenario).getFirst().nodes()).containsExactly("us-1", "us-2", "us-3", "us-4");
    }

    @Test
    void a_group_that_never_comes_is_noted() throws IOException {
        assertThat(read("steps = 20, run.stages = 2").notes()).anyMatch(note -> note.contains("group us starts later"));
    }

    @Test
    void the_last_replicas_of_a_stage_and_a_donor_can_be_meant() throws IOException {
        assertThat(action("{ when = \"transfer >= 0.8\", do = kill, target = donor }"))
                .isEqualTo(new Action.Kill(new Target(List.of(Target.Moment.DONOR), OptionalInt.empty())));
        assertThat(action("{ at = 3s, do = kill, target = { stage = 1 } }"))
                .isEqualTo(new Action.Kill(new Target(List.of(new Target.OfStage(1)), OptionalInt.empty())));
        assertThat(action("{ at = 3s, do = kill, target = { stage = 1, region = eu, random = 1 } }"))
                .isEqualTo(new Action.Kill(
                        new Target(List.of(new Target.InRegion("eu"), new Target.OfStage(1)), OptionalInt.of(1))));
        assertThat(action("{ at = 3s, do = kill, target = { random = 2 } }"))
                .isEqualTo(new Action.Kill(new Target(List.of(Target.Moment.ALL), OptionalInt.of(2))));
        assertThat(action("{ at = 3s, do = pause, target = { node = [eu-1, hub-2] } }"))
                .isEqualTo(new Action.Pause(
                        new Target(List.of(new Target.Named(List.of("eu-1", "hub-2"))), OptionalInt.empty())));
        assertThat(action("{ at = 3s, do = pause, target = eu }"))
                .isEqualTo(new Action.Pause(new Target(List.of(new Target.OfGroup("eu")), OptionalInt.empty())));
    }

    @Test
    void sides_of_a_cut_are_regions_groups_nodes_or_lists_of_them() throws IOException {
        Action.Partition lists = (Action.Partition)
                action("{ at = 1s, do = partition, between = [[eu-1, eu-2], { group = hub }], mode = black-hole }");
        assertThat(lists.mode()).isEqualTo(PartitionMode.BLACK_HOLE);
        assertThat(lists.text()).isEqualTo("partition black-hole between eu-1 + eu-2 and group hub");
        Action.Partition oneWay =
                (Action.Partition) action("{ at = 1s, do = partition, mode = one-way, from = eu, to = us }");
        assertThat(oneWay.text()).isEqualTo("partition one-way from region eu to region us");
        Action.Partition often = (Action.Partition)
                action(
                        "{ every = 10s, from = 5s, until = 30s, do = partition, mode = one-way, between = [eu, us], for = 1s }");
        assertThat(often.text()).isEqualTo(oneWay.text());
    }

    @Test
    void default_in_an_event_is_every_link_and_those_it_names_add_to_it() throws IOException {
        Action.Link link = (Action.Link) action(
                "{ at = 0s, do = link, default = { duplicate = 0.1, reorder = 0.2 }, \"eu->us\" = { rate = 20kbps } }");
        assertThat(link.changes()).hasSize(4);
        assertThat(link.changes().get(new Links.Pair("us", "eu")).reorder()).contains(0.2);
        assertThat(link.changes().get(new Links.Pair("eu", "us")).reorder()).contains(0.2);
        LinkSettings changed = link.changes().get(new Links.Pair("eu", "us")).on(LinkSettings.DEFAULT);
        assertThat(changed.rate()).hasValue(20_000);
        assertThat(changed.latency()).isEqualTo(LinkSettings.DEFAULT.latency());
    }

    @Test
    void jitter_follows_one_of_three_distributions() throws IOException {
        Links links = read("""
                        steps = 20, run.stages = 2
                        links {
                          "eu->us" { jitter = { distribution = exponential, mean = 3ms } }
                          "us->eu" { jitter = { distribution = uniform, range = 4ms } }
                        }
                        """).links();
        assertThat(links.between("eu", "us").jitter())
                .isEqualTo(new Jitter(Jitter.Distribution.EXPONENTIAL, Duration.ofMillis(3)));
        assertThat(links.between("us", "eu").jitter())
                .isEqualTo(new Jitter(Jitter.Distribution.UNIFORM, Duration.ofMillis(4)));
        assertThat(links.between("us", "us")).isEqualTo(LinkSettings.DEFAULT);
    }

    @Test
    void a_cost_model_takes_any_model_but_bounds_no_loss() throws IOException {
        Scenario scenario = read("""
                steps = 20, compute = cost
                run { model = base, stages = 4, compute.backend = nd4j }
                expect { throughput-ratio-to-control = ">= 80 %", steps-committed = ">= 20", bounded-memory = true }
                """);
        assertThat(scenario.compute()).isEqualTo(ComputeMode.COST);
        assertThat(scenario.settings().model().dim()).isEqualTo(768);
        assertThat(scenario.bound(Measure.THROUGHPUT_RATIO_TO_CONTROL)
                        .orElseThrow()
                        .demand())
                .isEqualTo(new Bound.Compared(Comparison.AT_LEAST, 0.8));
        assertThat(scenario.needsControl()).isTrue();
        assertThat(scenario.control().events()).isEmpty();
    }

    @Test
    void without_steps_the_rate_is_constant_and_the_duration_ends_the_run() throws IOException {
        Scenario scenario = read("duration = 2m, run.stages = 2");
        assertThat(scenario.steps()).isEmpty();
        assertThat(scenario.settings().optimiser().schedule()).isEqualTo(ScheduleName.CONSTANT);
        assertThat(scenario.settings().steps()).isEqualTo(100_000);
        assertThat(read("run { stages = 2, steps = 30 }").steps()).contains(30L);
        assertThat(read("run { stages = 2, steps = 30 }").settings().optimiser().schedule())
                .isEqualTo(ScheduleName.COSINE);
    }

    @Test
    void healing_leaves_time_to_be_judged_and_follows_the_last_event() throws IOException {
        assertThat(read("duration = 10m, run.stages = 2, heal = before-end").healing())
                .contains(Duration.ofMinutes(9));
        assertThat(read("duration = 1m, run.stages = 2, heal = before-end").healing())
                .contains(Duration.ofSeconds(30));
        assertThat(
                        read("duration = 1m, run.stages = 2, heal = before-end, events = [ { at = 50s, do = kill, target = eu-1 } ]")
                                .healing())
                .contains(Duration.ofSeconds(50));
        Scenario bySteps = read("steps = 20, run.stages = 2, heal = before-end, expect { recovery = \"<= 5s\" }");
        assertThat(bySteps.healing()).isEmpty();
        assertThat(bySteps.healingStep()).contains(15L);
        assertThat(bySteps.liveness()).isEqualTo(Duration.ofSeconds(5));
        assertThat(read("duration = 1m, run.stages = 2, heal = 20s").heal())
                .isEqualTo(new Heal.At(Duration.ofSeconds(20)));
        assertThat(read("duration = 1m, run.stages = 2").heal()).isEqualTo(new Heal.Never());
        assertThat(read("duration = 1m, run.stages = 2").bound(Measure.PROGRESS_AFTER_HEAL))
                .isEmpty();
    }

    @Test
    void safety_is_demanded_of_every_scenario() throws IOException {
        assertThat(read("steps = 20, run.stages = 2").bounds())
                .allMatch(Bound::implied)
                .extracting(Bound::measure)
                .containsExactly(Measure.EVERY_MICROBATCH_COUNTED_ONCE, Measure.REPLICAS_AGREE);
    }

    @Test
    void an_include_is_found_beside_the_file_wrapped_or_not() throws IOException {
        Files.writeString(folder.resolve("wrapped.conf"), "murmuration { batch.microbatch = 4, swarm.trainers = 9 }");
        Files.writeString(folder.resolve("bare.conf"), "batch.microbatch = 1");
        assertThat(read("steps = 20, run { include \"wrapped\", stages = 2 }")
                        .settings()
                        .batch()
                        .microbatch())
                .isEqualTo(4);
        assertThat(read("steps = 20, run { include \"bare.conf\", stages = 2 }")
                        .settings()
                        .batch()
                        .microbatch())
                .isEqualTo(1);
        assertThat(read("steps = 20, run { stages = 2, include \"wrapped\", batch.microbatch = 2 }")
                        .settings()
                        .batch()
                        .microbatch())
                .isEqualTo(2);
    }

    @Test
    void substitutions_work_within_the_file() throws IOException {
        assertThat(read("steps = 20, run.stages = 2, seed = 9, expect { lost-steps = ${scenario.seed} }")
                        .bound(Measure.LOST_STEPS)
                        .orElseThrow()
                        .demand())
                .isEqualTo(new Bound.Compared(Comparison.EQUAL, 9));
    }
}
