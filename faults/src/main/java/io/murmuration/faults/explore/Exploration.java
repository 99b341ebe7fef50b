package io.murmuration.faults.explore;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.cli.Explorer;
import io.murmuration.faults.scenario.cli.ScenarioRunner;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Draws scenarios and runs them. Every {@value #TWICE_EVERY}th seed is run twice: both must have the same history. The file
 * of a scenario that does not pass stays, for {@code scenario run}.
 */
public final class Exploration implements Explorer {

    /** Often enough to notice within a hundred seeds that something is not decided by the seed. */
    static final int TWICE_EVERY = 25;

    private final ScenarioRunner runner;

    /** @param runner runs what was drawn */
    public Exploration(ScenarioRunner runner) {
        this.runner = runner;
    }

    /** The scenario of that seed as the text of a file. */
    public static String text(long seed, Optional<Long> steps) {
        return ScenarioDraw.text(seed, steps);
    }

    @Override
    public ScenarioReport explore(long seed, Optional<Long> steps, int pool, Path folder) {
        Path file = folder.resolve("explored-" + seed + ".conf");
        try {
            Files.createDirectories(folder);
            Files.writeString(file, text(seed, steps));
            Scenario scenario = new ScenarioReader(Optional.empty()).read(file);
            ScenarioReport report = runner.run(scenario, pool);
            if (seed % TWICE_EVERY == 0) {
                report = compared(report, runner.run(scenario, pool));
            }
            if (report.judgement().verdict() == Verdict.PASSED) {
                Files.delete(file);
            }
            return report;
        } catch (IOException e) {
            throw new UncheckedIOException("the file of the scenario " + file, e);
        }
    }

    private static ScenarioReport compared(ScenarioReport first, ScenarioReport second) {
        if (first.historyHash().equals(second.historyHash())) {
            return first;
        }
        List<Judgement.Violation> violations = new ArrayList<>(first.judgement().violations());
        violations.add(new Judgement.Violation(
                "one seed has one history",
                "two runs have the histories " + first.historyHash() + " and " + second.historyHash(),
                first.about().seconds()));
        return new ScenarioReport(
                first.about(),
                new Judgement(Verdict.FAILED, first.judgement().bounds(), violations),
                first.run(),
                first.control(),
                first.faults(),
                first.links(),
                first.staleness(),
                first.detections(),
                first.simulated());
    }
}
