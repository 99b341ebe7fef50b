package io.murmuration.faults.report;

import io.murmuration.faults.scenario.Bound;
import io.murmuration.faults.scenario.Comparison;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Measure;
import io.murmuration.faults.scenario.Measured;
import io.murmuration.faults.scenario.Place;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A report of a run that never was, with something of everything. */
final class ExampleReport {

    static final String HOSTILE = "</script><script>alert('x')</script> & <b>\"quoted\"</b>";

    private ExampleReport() {}

    static ScenarioReport of() {
        return of(Optional.of(curves(2.0, List.of(120.0, 240.0, 300.0))), List.of(violation()));
    }

    static ScenarioReport of(Optional<ScenarioReport.Curves> control, List<Judgement.Violation> violations) {
        List<String> notes = List.of("the model nano has 3 layers; with 4 stages it gets 4 (model.layers)", HOSTILE);
        return new ScenarioReport(
                new ScenarioReport.About(
                        "burst loss with churn " + (violations.isEmpty() ? "" : HOSTILE),
                        "Does a run that loses two nodes, its ocean and its leader learn the same?",
                        42,
                        "bin/murmuration scenario run faults/scenarios/burst-loss.conf --seed 42",
                        "real",
                        600,
                        notes),
                Judgement.of(bounds(), measured(), violations),
                curves(2.4, List.of(30.0, 60.0, 240.0)),
                control,
                faults(),
                links(),
                Optional.empty(),
                Optional.empty(),
                Optional.of(new ScenarioReport.Simulated(
                        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", 123_456, 21.5, 64)));
    }

    private static Judgement.Violation violation() {
        return new Judgement.Violation(
                "exactly once",
                "stage 2 counted microbatch (step 41, index 7) at eu-3:shard#3000001 and at us-4:shard#2000000\n"
                        + "expected: one of them discards its accumulator before the average",
                243.718204);
    }

    private static Bound bound(Measure measure, Bound.Demand demand) {
        return new Bound(measure, demand, measure == Measure.PROGRESS_AFTER_HEAL, new Place("x.conf:1"));
    }

    private static List<Bound> bounds() {
        return List.of(
                bound(Measure.EVERY_MICROBATCH_COUNTED_ONCE, new Bound.Is(true)),
                bound(Measure.REPLICAS_AGREE, new Bound.Is(true)),
                bound(Measure.FINAL_LOSS_RATIO_TO_CONTROL, new Bound.Compared(Comparison.LESS, 1.02)),
                bound(Measure.RECOVERY, new Bound.Compared(Comparison.LESS, 30)),
                bound(Measure.LOST_STEPS, new Bound.Compared(Comparison.EQUAL, 0)),
                bound(Measure.WASTED_WORK, new Bound.Compared(Comparison.LESS, 0.1)),
                bound(Measure.UTILISATION, new Bound.Compared(Comparison.GREATER, 0.85)),
                bound(Measure.PROGRESS_AFTER_HEAL, new Bound.Compared(Comparison.LESS, 30)));
    }

    private static Map<Measure, Optional<Measured>> measured() {
        Map<Measure, Optional<Measured>> measured = new LinkedHashMap<>();
        measured.put(Measure.EVERY_MICROBATCH_COUNTED_ONCE, Optional.of(new Measured.Flag(true)));
        measured.put(Measure.REPLICAS_AGREE, Optional.of(new Measured.Flag(true)));
        measured.put(Measure.FINAL_LOSS_RATIO_TO_CONTROL, Optional.of(new Measured.Amount(1.00312)));
        measured.put(Measure.RECOVERY, Optional.of(new Measured.Amount(14.25)));
        measured.put(Measure.LOST_STEPS, Optional.of(new Measured.Amount(0)));
        measured.put(Measure.WASTED_WORK, Optional.of(new Measured.Amount(0.1271)));
        measured.put(Measure.UTILISATION, Optional.empty());
        measured.put(Measure.PROGRESS_AFTER_HEAL, Optional.of(new Measured.Amount(3.5)));
        return measured;
    }

    /** Steps of a certain length that take four times as long for half a minute after each trouble. */
    static ScenarioReport.Curves curves(double length, List<Double> troubles) {
        List<ScenarioReport.Step> steps = new ArrayList<>();
        double time = 4;
        for (int version = 1; time < 600 - 4 * length; version++) {
            double now = time;
            boolean slow = troubles.stream().anyMatch(at -> now > at && now < at + 30);
            time += slow ? 4 * length : length * (1 + 0.1 * Math.sin(version));
            double loss = 2.4 + 3.1 * Math.exp(-version / 60.0) + 0.04 * Math.sin(version * 1.7);
            steps.add(new ScenarioReport.Step(time, version, version * 2048L, loss));
        }
        List<ScenarioReport.Members> members = List.of(
                new ScenarioReport.Members(4, 14, 3),
                new ScenarioReport.Members(38.5, 12, 3),
                new ScenarioReport.Members(70, 6, 3),
                new ScenarioReport.Members(95, 12, 3),
                new ScenarioReport.Members(184, 16, 3),
                new ScenarioReport.Members(241, 15, 2),
                new ScenarioReport.Members(262, 15, 3));
        long counted = steps.size() * 128L;
        return new ScenarioReport.Curves(
                steps, members, new ScenarioReport.Work(counted + counted / 8, counted, counted / 30));
    }

    private static List<ScenarioReport.Fault> faults() {
        List<ScenarioReport.Fault> faults = new ArrayList<>();
        faults.add(fault("kill 2 of group us", List.of("us-2", "us-5"), 30, Optional.empty(), false, Optional.of(9.5)));
        faults.add(fault(
                "partition drop between region eu and region us for 20s",
                List.of(),
                60,
                Optional.of(80.0),
                true,
                Optional.of(14.25)));
        faults.add(new ScenarioReport.Fault(
                "slow 1 of group eu by 10.0 for 1m",
                List.of("eu-4"),
                120,
                Optional.of(180.0),
                true,
                false,
                Optional.empty()));
        faults.add(fault("kill coordinator-leader", List.of("hub-2"), 240, Optional.empty(), false, Optional.empty()));
        for (int i = 0; i < 12; i++) {
            double at = 300 + 5 * i;
            faults.add(fault(
                    "restart 1 of role shard",
                    List.of("eu-" + (1 + i % 8)),
                    at,
                    Optional.empty(),
                    false,
                    Optional.of(2 + i * 0.31)));
        }
        faults.add(new ScenarioReport.Fault(
                "disk full on 1 of group hub", List.of("hub-1"), 360, Optional.empty(), true, false, Optional.empty()));
        return faults;
    }

    private static ScenarioReport.Fault fault(
            String what,
            List<String> nodes,
            double from,
            Optional<Double> until,
            boolean lasting,
            Optional<Double> recovery) {
        return new ScenarioReport.Fault(what, nodes, from, until, lasting, true, recovery);
    }

    private static List<ScenarioReport.LinkBytes> links() {
        List<ScenarioReport.LinkBytes> links = new ArrayList<>();
        for (int from = 1; from <= 8; from++) {
            for (int to = 1; to <= 3; to++) {
                links.add(new ScenarioReport.LinkBytes(
                        "eu-" + from, "us-" + to, 31_000L * from + to, 8_400_000L * from * to + 12_345));
            }
        }
        return links;
    }
}
