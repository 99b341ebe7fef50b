package io.murmuration.faults.explore;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Verdict;
import io.murmuration.faults.scenario.cli.Explorer;
import io.murmuration.faults.scenario.cli.ScenarioRunner;
import io.murmuration.faults.scenario.file.ScenarioReader;
import io.murmuration.faults.simulation.SimulationException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Draws scenarios and runs them. Every {@value #TWICE_EVERY}th seed is run twice: both must have the same history. The file
 * of a scenario that does not pass stays, for {@code scenario run}; so does that of one that ends in an exception, which is
 * a failure like any other.
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
            ScenarioReport report = run(scenario, pool);
            if (seed % TWICE_EVERY == 0) {
                report = compared(report, run(scenario, pool));
            }
            if (report.judgement().verdict() == Verdict.PASSED) {
                Files.delete(file);
            }
            return report;
        } catch (IOException e) {
            throw new UncheckedIOException("the file of the scenario " + file, e);
        }
    }

    private ScenarioReport run(Scenario scenario, int pool) {
        try {
            return runner.run(scenario, pool);
        } catch (SimulationException e) {
            return failed(scenario, e);
        }
    }

    /** A node that failed without supervision is a finding, and the next seed is looked at all the same. */
    private static ScenarioReport failed(Scenario scenario, SimulationException e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        List<String> where = new ArrayList<>();
        for (StackTraceElement frame : cause.getStackTrace()) {
            if (frame.getClassName().startsWith("io.murmuration.")) {
                where.add(frame.getFileName() + ":" + frame.getLineNumber());
            }
        }
        var violation =
                new Judgement.Violation("the simulation runs", e.getMessage() + " at " + String.join(" < ", where), 0);
        return new ScenarioReport(
                ScenarioReport.About.of(scenario, 0),
                new Judgement(Verdict.FAILED, List.of(), List.of(violation)),
                new ScenarioReport.Curves(List.of(), List.of(), new ScenarioReport.Work(0, 0, 0)),
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
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
