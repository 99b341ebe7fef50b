package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.run.ScenarioRun;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Shards that move between stages, with the production actors and everything that checks any scenario. */
@ExtendWith(QuietLog.class)
final class MovingIT {

    private static final Path SCENARIO = Path.of("scenarios", "moving.conf");
    private static final Path CONFIG = Path.of("..", "config");

    @TempDir
    private Path folder;

    private record Seen(ScenarioRun.Result result, List<RunEvent> moves) {

        double seconds() {
            return result.report().about().seconds();
        }
    }

    /** Without what needs a control: only how long it takes is of interest, and that nothing is violated. */
    private Seen run(String name, List<String> settings) {
        Scenario scenario = new ScenarioReader(Optional.of(CONFIG)).read(SCENARIO, Optional.empty(), settings);
        List<RunEvent> moves = new ArrayList<>();
        ScenarioRun.Result result =
                ScenarioRun.simulated(scenario.unbounded(), folder.resolve(name), 2, List.of(new Observer() {
                    @Override
                    public void told(long time, RunEvent event) {
                        if (event instanceof RunEvent.Moving
                                || event instanceof RunEvent.Moved
                                || event instanceof RunEvent.MoveDropped) {
                            moves.add(event);
                        }
                    }
                }));
        assertThat(result.judgement().violations()).isEmpty();
        assertThat(result.judgement().verdict()).isNotEqualTo(Verdict.FAILED);
        return new Seen(result, moves);
    }

    @ParameterizedTest(name = "staleness {0}, subspace of {1}")
    @CsvSource({"0, 0", "2, 0", "0, 4"})
    void aStageThatHasLostShardsGetsOthersAndTheRunIsFasterForIt(int staleness, int subspace) {
        List<String> settings = List.of("swarm.staleness=" + staleness, "model.subspace=" + subspace);
        Seen moving = run("moving", settings);
        Seen still = run(
                "still",
                Stream.concat(settings.stream(), Stream.of("rebalance.period=0s"))
                        .toList());
        System.out.printf(
                Locale.ROOT,
                "%s: %.0f s with moves, %.0f s without: %s%n",
                settings,
                moving.seconds(),
                still.seconds(),
                moving.moves());
        assertThat(still.moves()).isEmpty();
        assertThat(moving.moves())
                .filteredOn(event -> event instanceof RunEvent.Moved moved && moved.to() == 1)
                .as("%s", moving.moves())
                .hasSizeGreaterThanOrEqualTo(2);
        assertThat(moving.seconds()).isLessThan(0.8 * still.seconds());
    }
}
