package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.run.SocketScenarios;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scenarios in real processes, with a proxy on the way from each to each. */
@Tag("cluster")
@Timeout(560)
class SocketScenariosIT {

    /** Nats per token that such a run has learnt: many times what one step differs from the next. */
    private static final double LEARNT = 0.4;

    private static ScenarioReport run(String name) {
        return run(new SocketScenarios(), name, 0);
    }

    private static ScenarioReport run(SocketScenarios scenarios, String name, int staleness) {
        ScenarioReport report = scenarios.run(
                new ScenarioReader(Optional.of(Path.of("../config")))
                        .read(
                                Path.of("src/test/resources/scenarios/sockets").resolve(name),
                                Optional.empty(),
                                List.of("swarm.staleness=" + staleness)),
                1);
        assertThat(report.judgement().verdict())
                .as("%s%n%s", report.judgement(), report.about().notes())
                .isEqualTo(Verdict.PASSED);
        assertThat(report.judgement().violations()).isEmpty();
        return report;
    }

    @Test
    void shards_are_killed_frozen_and_cut_off_and_the_run_ends_as_if_nothing_had_been() {
        ScenarioReport report = run("kill.conf");
        assertThat(report.simulated()).isEmpty();
        assertThat(report.about().replay()).endsWith("--mode sockets");
        assertThat(report.run().steps()).hasSize(30);
        assertThat(report.control().orElseThrow().steps()).hasSize(30);
        assertThat(report.faults()).hasSize(3);
        assertThat(report.judgement().bounds())
                .extracting(Judgement.OnBound::value)
                .allMatch(Optional::isPresent);
        // Seven nodes, every one knows every other, and all of it goes through the proxies.
        assertThat(report.links()).hasSize(7 * 6).allSatisfy(link -> assertThat(link.control())
                .isPositive());
        assertThat(report.links()).anySatisfy(link -> {
            assertThat(link.from() + " " + link.to()).isEqualTo("eu-1 eu-2");
            assertThat(link.data()).isPositive();
        });
    }

    /** Static quorum is two of three coordinators. Through TLS, for the names of nodes, on both planes. */
    @ParameterizedTest(name = "staleness {0}")
    @ValueSource(ints = {0, 2})
    void cut_into_two_and_three_the_side_with_the_quorum_goes_on_and_after_healing_all_five_take_part(int staleness) {
        ScenarioReport report = run(SocketScenarios.encrypted(), "split.conf", staleness);
        assertThat(report.faults()).singleElement().satisfies(cut -> {
            // Nobody of the three was lost to anybody who still counts.
            assertThat(cut.nodes()).contains("hub-1").isSubsetOf("hub-1", "eu-1");
            assertThat(cut.recovery()).isPresent();
        });
        List<ScenarioReport.Members> members = report.run().members();
        assertThat(members).extracting(ScenarioReport.Members::shards).contains(3);
        assertThat(members.getLast().shards()).isEqualTo(5);
        List<Double> losses =
                report.run().steps().stream().map(ScenarioReport.Step::loss).toList();
        assertThat(losses.getLast()).isLessThan(losses.getFirst() - LEARNT);
    }

    @Test
    void the_leading_coordinator_ends_a_shard_leaves_and_another_joins_while_the_run_goes_on() {
        ScenarioReport report = run("coordinator.conf");
        assertThat(report.faults()).hasSize(3);
        assertThat(report.links())
                .anySatisfy(link -> assertThat(link.from() + " " + link.to()).isEqualTo("eu-5 eu-2"));
    }
}
