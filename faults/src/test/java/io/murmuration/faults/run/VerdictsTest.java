package io.murmuration.faults.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.check.Check;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.file.ScenarioReader;
import io.murmuration.faults.simulation.SimulationException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that go wrong in ways that no checker is for, and what is said of them. */
class VerdictsTest {

    private static final String SCENARIO = """
            scenario {
              name = verdicts
              LENGTH
              compute = cost
              run { model.preset = nano, swarm.stages = 2, batch { sequences = 4, microbatch = 1 } }
              nodes = [
                { name = lead, count = 1, region = eu, roles = [coordinator], flops = 100MFLOPS }
                { name = feed, count = 1, region = eu, roles = [trainer], flops = 100MFLOPS }
                { name = eu, count = 4, roles = [shard], region = eu, flops = 100MFLOPS }
              ]
              links { default { latency = 1ms } }
              events = [ EVENT ]
              expect { BOUNDS }
            }
            """;

    @TempDir
    private Path folder;

    private Scenario scenario(String length, String event, String bounds) throws IOException {
        Path file = Files.writeString(
                folder.resolve("verdicts.conf"),
                SCENARIO.replace("LENGTH", length).replace("EVENT", event).replace("BOUNDS", bounds));
        return new ScenarioReader(Optional.empty()).read(file);
    }

    private ScenarioRun.Result run(String length, String event, String bounds) throws IOException {
        return ScenarioRun.simulated(scenario(length, event, bounds), folder.resolve("disks"), 1, List.of());
    }

    private static Judgement.OnBound on(ScenarioRun.Result result, Measure measure) {
        return result.judgement().bounds().stream()
                .filter(each -> each.bound().measure() == measure)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void a_run_that_stands_still_until_the_scenario_ends_is_slow_and_the_report_says_so() throws IOException {
        ScenarioRun.Result result = run(
                "duration = 90s",
                "{ step = 4, do = kill, target = lead-1 }",
                "throughput-ratio-to-control = \"> 0.5\"");
        assertThat(on(result, Measure.THROUGHPUT_RATIO_TO_CONTROL).verdict()).isEqualTo(Verdict.FAILED);
        assertThat(result.report().about().notes())
                .anyMatch(note -> note.matches("nothing was committed in the last 8[0-9] s of the scenario"));
    }

    @Test
    void what_is_never_healed_is_not_healed_by_waiting() throws IOException {
        Outcome outcome = OneRun.of(
                scenario("steps = 12, heal = never", "{ step = 4, do = kill, target = lead-1 }", ""),
                folder.resolve("disks"),
                1,
                List.of());
        assertThat(outcome.checks().stream().map(Check::violations).flatMap(List::stream))
                .singleElement()
                .satisfies(violation -> assertThat(violation.counterexample()).startsWith("no step for 10 minutes"));
        assertThat(outcome.notes()).noneMatch(note -> note.contains("healed"));
        assertThat(outcome.measurements().finished()).isEmpty();
        assertThat(Duration.ofNanos(outcome.measurements().duration())).isLessThan(Duration.ofMinutes(11));
    }

    @Test
    void a_coordinator_that_is_nothing_else_is_missed_all_the_same() throws IOException {
        ScenarioRun.Result result = run(
                "steps = 12",
                "{ step = 4, do = kill, target = lead-1, for = 5s }",
                "recovery = \"< 60s\", honest-ejected = \"= 0\", adversaries-ejected = all");
        assertThat(on(result, Measure.RECOVERY).verdict()).isEqualTo(Verdict.PASSED);
        assertThat(result.report().faults().getFirst().recovery().orElseThrow()).isGreaterThan(5);
        assertThat(on(result, Measure.HONEST_EJECTED).verdict()).isEqualTo(Verdict.PASSED);
        assertThat(on(result, Measure.ADVERSARIES_EJECTED).verdict())
                .as("there are none, so nobody knows")
                .isEqualTo(Verdict.UNKNOWN);
        assertThat(result.judgement().verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void a_slow_node_takes_nobody_so_its_recovery_is_unknown() throws IOException {
        ScenarioRun.Result result =
                run("steps = 12", "{ step = 4, do = slow, target = eu-1, factor = 2 }", "recovery = \"< 60s\"");
        assertThat(on(result, Measure.RECOVERY).verdict()).isEqualTo(Verdict.UNKNOWN);
    }

    @Test
    void a_simulation_that_breaks_is_a_failed_run_with_its_seed_and_replay() throws IOException {
        Scenario scenario = scenario("steps = 12", "", "lost-steps = 0");
        ScenarioReport report = new SimulatedScenarios((any, disks, pool) -> {
                    throw new SimulationException("it broke", new IllegalStateException("inside"));
                })
                .run(scenario, 1);
        assertThat(report.judgement().verdict()).isEqualTo(Verdict.FAILED);
        assertThat(report.judgement().violations()).singleElement().satisfies(violation -> assertThat(
                        violation.counterexample())
                .startsWith("it broke at VerdictsTest.java:"));
        assertThat(report.judgement().bounds()).allMatch(each -> each.verdict() == Verdict.UNKNOWN);
        assertThat(report.about().replay()).endsWith("verdicts.conf --seed 1");
    }
}
