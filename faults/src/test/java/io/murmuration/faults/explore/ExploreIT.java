package io.murmuration.faults.explore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.murmuration.faults.QuietLog;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.run.SimulatedScenarios;
import io.murmuration.faults.scenario.Verdict;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Runs random scenarios. 20 seeds here; {@code -Dexplore.seeds=1000 -Dexplore.first=1} for more. The files of those that do
 * not pass stay in {@code target/explore}.
 */
@ExtendWith(QuietLog.class)
class ExploreIT {

    private static final long SEEDS = Long.getLong("explore.seeds", 20);
    private static final long FIRST = Long.getLong("explore.first", 1);

    /** A second is usual; this is for machines that do much else. */
    private static final Duration MOST_PER_SEED = Duration.ofSeconds(15);

    @Test
    void every_scenario_passes() {
        assertThat(assertTimeoutPreemptively(MOST_PER_SEED.multipliedBy(SEEDS), ExploreIT::failed))
                .isEmpty();
    }

    private static List<String> failed() {
        Exploration exploration = new Exploration(new SimulatedScenarios());
        List<String> failed = new ArrayList<>();
        for (long seed = FIRST; seed < FIRST + SEEDS; seed++) {
            ScenarioReport report = exploration.explore(seed, Optional.empty(), 2, Path.of("target", "explore"));
            if (report.judgement().verdict() != Verdict.PASSED) {
                failed.add(report.about().replay() + ": " + report.judgement());
            }
        }
        return failed;
    }
}
