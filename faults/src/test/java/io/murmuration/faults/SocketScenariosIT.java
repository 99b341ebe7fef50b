package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.run.SocketScenarios;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Scenarios in real processes, with a proxy on the way from each to each. */
@Timeout(560)
class SocketScenariosIT {

    private static ScenarioReport run(String name) {
        ScenarioReport report = new SocketScenarios()
                .run(
                        new ScenarioReader(Optional.of(Path.of("../config")))
                                .read(Path.of("src/test/resources/scenarios/sockets")
                                        .resolve(name)),
                        1);
        assertThat(report.judgement().verdict())
                .as("%s%n%s", report.judgement(), report.about().notes())
                .isEqualTo(Verdict.PASSED);
        assertThat(report.judgement().violations()).isEmpty();
        return report;
    }

    @Test
    void a_quiet_run_counts_and_agrees_and_all_of_it_goes_through_the_proxies() {
        ScenarioReport report = run("quiet.conf");
        assertThat(report.simulated()).isEmpty();
        assertThat(report.about().replay()).endsWith("--mode sockets");
        assertThat(report.run().steps()).hasSize(12);
        // Three stages, a replica each, every one knows every other.
        assertThat(report.links()).hasSize(4 * 3).allSatisfy(link -> assertThat(link.control())
                .isPositive());
        assertThat(report.links()).anySatisfy(link -> {
            assertThat(link.from() + link.to()).isEqualTo("eu-1eu-2");
            assertThat(link.data()).isPositive();
        });
    }

    @Test
    void shards_are_killed_frozen_and_cut_off_and_the_run_ends_as_if_nothing_had_been() {
        ScenarioReport report = run("kill.conf");
        assertThat(report.faults()).hasSize(3);
        assertThat(report.judgement().bounds())
                .extracting(Judgement.OnBound::value)
                .allMatch(Optional::isPresent);
    }

    @Test
    void the_leading_coordinator_ends_a_shard_leaves_and_another_joins_while_the_run_goes_on() {
        ScenarioReport report = run("coordinator.conf");
        assertThat(report.faults()).hasSize(3);
        assertThat(report.links())
                .anySatisfy(link -> assertThat(link.from() + " " + link.to()).isEqualTo("eu-5 eu-2"));
    }
}
