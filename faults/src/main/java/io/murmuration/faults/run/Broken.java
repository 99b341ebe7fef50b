package io.murmuration.faults.run;

import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.simulation.SimulationException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The report of a run that ended in an exception: it has failed, and nothing was measured. */
final class Broken {

    /** What does not hold, among the checks of a run. */
    static final String CHECK = "the simulation runs";

    private Broken() {}

    static ScenarioReport report(Scenario scenario, SimulationException failure) {
        var violation = new Judgement.Violation(CHECK, failure.getMessage() + " at " + where(failure), 0);
        return new ScenarioReport(
                ScenarioReport.About.of(scenario, 0),
                Judgement.of(scenario.bounds(), Map.of(), List.of(violation)),
                new ScenarioReport.Curves(List.of(), List.of(), new ScenarioReport.Work(0, 0, 0)),
                Optional.empty(),
                List.of(),
                List.of(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty());
    }

    private static String where(SimulationException failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        List<String> where = new ArrayList<>();
        for (StackTraceElement frame : cause.getStackTrace()) {
            if (frame.getClassName().startsWith("io.murmuration.")) {
                where.add(frame.getFileName() + ":" + frame.getLineNumber());
            }
        }
        return String.join(" < ", where);
    }
}
