package io.murmuration.faults;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.run.ScenarioRun;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every ready scenario holds what it promises; some of them, that the same seed has the same history. */
@ExtendWith(QuietLog.class)
final class ScenariosIT {

    private static final Path SCENARIOS = Path.of("scenarios");
    private static final Path CONFIG = Path.of("..", "config");

    @TempDir
    private Path folder;

    static List<String> scenarios() {
        try (Stream<Path> files = Files.list(SCENARIOS)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".conf"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException("the scenarios", e);
        }
    }

    private static Scenario read(String name) {
        return new ScenarioReader(Optional.of(CONFIG)).read(SCENARIOS.resolve(name));
    }

    private ScenarioRun.Result run(String name, Observer... others) {
        return run(read(name), others);
    }

    private ScenarioRun.Result run(Scenario scenario, Observer... others) {
        String name = scenario.name();
        long began = System.nanoTime();
        ScenarioRun.Result result = ScenarioRun.simulated(scenario, folder, 2, List.of(others));
        double seconds = (System.nanoTime() - began) / 1e9;
        System.out.printf(
                Locale.ROOT,
                "%-26s %-7s %7.0f s virtual, %5.1f s wall, %7d events, %6.0f a second%n",
                name,
                result.judgement().verdict(),
                result.report().about().seconds(),
                seconds,
                result.events(),
                result.events() / seconds);
        return result;
    }

    private static void assertPassed(ScenarioRun.Result result) {
        Judgement judgement = result.judgement();
        assertThat(judgement.violations()).isEmpty();
        assertThat(judgement.bounds())
                .allSatisfy(bound -> assertThat(bound.verdict()).as("%s", bound).isEqualTo(Verdict.PASSED));
        assertThat(judgement.verdict()).isEqualTo(Verdict.PASSED);
        assertThat(result.report().about().notes())
                .as("every event of the file happened")
                .noneMatch(note -> note.contains("never happened"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void everyScenarioPasses(String name) {
        assertPassed(run(name));
    }

    /** Counts, digests and progress as ever, no gradient older than allowed, and the loss of the control. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("scenarios")
    void everyScenarioPassesAsynchronously(String name) {
        Scenario scenario = new ScenarioReader(Optional.of(CONFIG))
                .read(SCENARIOS.resolve(name), Optional.empty(), List.of("swarm.staleness=2"));
        assertThat(scenario.settings().swarm().staleness()).isEqualTo(2);
        assertPassed(run(scenario));
    }

    @ParameterizedTest(name = "{0}")
    @ValueSource(strings = {"four-of-twelve.conf", "bitflip.conf", "split.conf"})
    void theHistoryFollowsFromTheSeedWhereverItRunsAndHoweverManyThreadsCompute(String name) {
        Scenario scenario = read(name).unbounded();
        Set<String> hashes = new TreeSet<>();
        // Folders of other names and lengths: where a node's disk is must not be seen by anybody.
        hashes.add(ScenarioRun.simulated(scenario, folder.resolve("a"), 2, List.of())
                .historyHash());
        hashes.add(ScenarioRun.simulated(scenario, folder.resolve("another-folder"), 2, List.of())
                .historyHash());
        hashes.add(ScenarioRun.simulated(scenario, folder.resolve("one"), 1, List.of())
                .historyHash());
        assertThat(hashes).hasSize(1);
    }

    @Test
    void aRefusalIsOverSoonestAndABlackHoleLast() {
        ScenarioRun.Result result = run("three-ways-to-fail.conf");
        List<Double> recoveries = result.report().faults().stream()
                .map(ScenarioReport.Fault::recovery)
                .map(Optional::orElseThrow)
                .toList();
        assertThat(recoveries).hasSize(3).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void whatAStaleShardSendsIsRefusedWithAReason() {
        Set<Member> paused = new TreeSet<>();
        List<Refusal> refusals = new ArrayList<>();
        long[] resumed = {Long.MAX_VALUE};
        run("stale-return.conf", new Observer() {
            @Override
            public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
                paused.addAll(hit);
            }

            @Override
            public void faultEnded(long time, int number) {
                resumed[0] = time;
            }

            @Override
            public void refused(long time, DataFrame frame, Refusal refusal) {
                if (time >= resumed[0] && paused.contains(frame.route().from())) {
                    refusals.add(refusal);
                }
            }
        });
        assertThat(paused).hasSize(1);
        assertThat(refusals)
                .isNotEmpty()
                .allSatisfy(refusal -> assertThat(refusal.reason())
                        .isIn(Refusal.Reason.NOT_OPEN, Refusal.Reason.STALE, Refusal.Reason.INVALID))
                .allSatisfy(refusal -> assertThat(refusal.detail()).isNotBlank());
    }

    /** Each row: what else is set, and whether the stage can be built then. */
    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource({
        "stage-rebuilt.conf, swarm.staleness=0, true",
        "stage-rebuilt.conf, swarm.staleness=2, true",
        "stage-lost.conf, swarm.lost-stage=neighbours, true",
        "stage-lost.conf, swarm.lost-stage=checkpoint, false"
    })
    void aLostStageIsBuiltFromItsNeighboursWithoutGoingBack(String name, String setting, boolean built) {
        Scenario scenario = new ScenarioReader(Optional.of(CONFIG))
                .read(SCENARIOS.resolve(name), Optional.empty(), List.of(setting));
        List<RunEvent> told = new ArrayList<>();
        ScenarioRun.Result result = run(scenario, new Observer() {
            @Override
            public void told(long time, RunEvent event) {
                told.add(event);
            }
        });
        assertThat(result.judgement().violations()).isEmpty();
        assertThat(told.stream().filter(RunEvent.Rebuilt.class::isInstance)).hasSize(built ? 1 : 0);
        assertThat(told.stream().filter(RunEvent.RolledBack.class::isInstance)).hasSize(built ? 0 : 1);
        assertThat(told)
                .filteredOn(RunEvent.StepCommitted.class::isInstance)
                .extracting(event -> ((RunEvent.StepCommitted) event).step())
                .hasSize(scenario.settings().steps() + (built ? 0 : lostSteps(told)));
    }

    @ParameterizedTest(name = "{0} computed, {1}, staleness {2}")
    @CsvSource({
        "cost, training, 0",
        "real, closing, 0",
        "real, averaging, 0",
        "real, committing, 0",
        "real, closing, 2",
        "real, committing, 2"
    })
    void aLostStageIsBuiltWhateverIsUnderWay(String compute, String phase, int staleness) throws IOException {
        Path settings = Files.createDirectory(folder.resolve("settings"));
        for (String name : List.of("exact.conf", "nano.conf")) {
            Files.copy(SCENARIOS.resolve("settings").resolve(name), settings.resolve(name));
        }
        String text = Files.readString(SCENARIOS.resolve("stage-rebuilt.conf"))
                .replace("seed = 11", "seed = 11, compute = " + compute)
                .replace("phase == training", "phase == " + phase)
                .replaceFirst(compute.equals("cost") ? "final-loss-ratio-to-control = .*" : "$^", "");
        Path file = Files.writeString(folder.resolve("stage-rebuilt.conf"), text);
        List<RunEvent> told = new ArrayList<>();
        ScenarioRun.Result result = run(
                new ScenarioReader(Optional.of(CONFIG))
                        .read(file, Optional.empty(), List.of("swarm.staleness=" + staleness)),
                new Observer() {
                    @Override
                    public void told(long time, RunEvent event) {
                        told.add(event);
                    }
                });
        assertPassed(result);
        assertThat(told.stream().filter(RunEvent.Rebuilt.class::isInstance)).hasSize(1);
    }

    private static int lostSteps(List<RunEvent> told) {
        return told.stream()
                .filter(RunEvent.RolledBack.class::isInstance)
                .map(RunEvent.RolledBack.class::cast)
                .mapToInt(back -> (int) (back.from() - back.to()))
                .sum();
    }

    @Test
    void aFlippedCheckpointIsReportedAndNeverServed() {
        Set<String> unsound = new TreeSet<>();
        Set<Long> served = new TreeSet<>();
        Set<Long> startedFrom = new TreeSet<>();
        long[] flipped = {Long.MAX_VALUE};
        run("bitflip.conf", new Observer() {
            @Override
            public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
                if (what.contains("bitflip")) {
                    flipped[0] = time;
                }
            }

            @Override
            public void told(long time, RunEvent event) {
                switch (event) {
                    case RunEvent.Unsound found -> unsound.add(found.keeper() + " " + found.version());
                    case RunEvent.Started started -> startedFrom.add(started.version());
                    default -> {}
                }
            }

            @Override
            public void computed(
                    long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {
                if (time > flipped[0]
                        && task instanceof Compute.OpenStored open
                        && outcome instanceof Compute.Completed<?>) {
                    served.add(open.version());
                }
            }
        });
        assertThat(unsound).as("both keepers that had it").hasSize(2).allMatch(each -> each.endsWith(" 8"));
        assertThat(startedFrom).containsExactly(0L, 4L);
        assertThat(served).contains(4L).doesNotContain(8L);
    }
}
