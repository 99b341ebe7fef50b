package io.murmuration.faults.report;

import java.util.ArrayList;
import java.util.List;

/** Committed tokens per second over time, in equal spans. */
final class Throughput {

    /** As many spans as a chart shows apart. */
    private static final int SPANS = 120;

    /** One span, by its middle. */
    record Point(double seconds, double tokensPerSecond) {}

    private Throughput() {}

    /**
     * A step's tokens belong to the time since the step before, evenly: a step that takes longer than a span is no
     * standstill.
     *
     * @param length seconds of the run
     */
    static List<Point> of(List<ScenarioReport.Step> steps, double length) {
        if (steps.isEmpty() || length <= 0) {
            return List.of();
        }
        double width = length / SPANS;
        double[] tokens = new double[SPANS];
        double began = 0;
        long before = 0;
        for (ScenarioReport.Step step : steps) {
            spread(tokens, width, began, step.seconds(), step.tokens() - before);
            began = step.seconds();
            before = step.tokens();
        }
        List<Point> points = new ArrayList<>();
        for (int i = 0; i < SPANS; i++) {
            points.add(new Point((i + 0.5) * width, tokens[i] / width));
        }
        return points;
    }

    private static void spread(double[] spans, double width, double from, double to, double amount) {
        int first = Math.min(spans.length - 1, (int) (from / width));
        int last = Math.min(spans.length - 1, (int) (to / width));
        if (first == last || to <= from) {
            spans[last] += amount;
            return;
        }
        for (int i = first; i <= last; i++) {
            double overlap = Math.min(to, (i + 1) * width) - Math.max(from, i * width);
            spans[i] += amount * Math.max(0, overlap) / (to - from);
        }
    }
}
