package io.murmuration.faults.report;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What a chart shows, for those who do not see it. */
final class Captions {

    private Captions() {}

    static String loss(ScenarioReport report) {
        List<ScenarioReport.Step> steps = withLoss(report.run());
        if (steps.isEmpty()) {
            return "No loss was computed"
                    + (report.about().compute().equals("cost") ? ": the cost model computes no numbers." : ".");
        }
        String text = String.format(
                Locale.ROOT,
                "From %.3f to %.3f nats per token over %s tokens.",
                steps.getFirst().loss(),
                steps.getLast().loss(),
                Numbers.count(steps.getLast().tokens()));
        return text
                + report.control()
                        .map(Captions::withLoss)
                        .filter(control -> !control.isEmpty())
                        .map(control -> String.format(
                                Locale.ROOT,
                                " The control, the same without faults, ended at %.3f after %s tokens.",
                                control.getLast().loss(),
                                Numbers.count(control.getLast().tokens())))
                        .orElse(" There is no control: no bound needed one.");
    }

    private static List<ScenarioReport.Step> withLoss(ScenarioReport.Curves curves) {
        return curves.steps().stream()
                .filter(step -> Double.isFinite(step.loss()))
                .toList();
    }

    static String throughput(ScenarioReport report) {
        if (report.run().steps().isEmpty()) {
            return "No step was committed.";
        }
        return String.format(Locale.ROOT, "%,.0f tokens per second in the mean until the last step", mean(report.run()))
                + report.control()
                        .map(control -> String.format(Locale.ROOT, ", the control %,.0f.", mean(control)))
                        .orElse(".")
                + (report.faults().isEmpty() ? "" : " Shaded: faults, by their number below.");
    }

    /** Up to the last step: how long anybody looked on after that says nothing about the run. */
    private static double mean(ScenarioReport.Curves curves) {
        if (curves.steps().isEmpty()) {
            return Double.NaN;
        }
        ScenarioReport.Step last = curves.steps().getLast();
        return last.seconds() > 0 ? last.tokens() / last.seconds() : Double.NaN;
    }

    static String members(ScenarioReport report) {
        List<ScenarioReport.Members> members = report.run().members();
        if (members.isEmpty()) {
            return "There was no roster.";
        }
        Optional<Integer> least =
                members.stream().map(ScenarioReport.Members::shards).min(Integer::compare);
        return String.format(
                Locale.ROOT,
                "Shards in the roster: %d at first, %d at least, %d at the end.",
                members.getFirst().shards(),
                least.orElseThrow(),
                members.getLast().shards());
    }
}
