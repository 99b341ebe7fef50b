package io.murmuration.faults.report;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.IntStream;

/** The numbers that the page's script draws, as columns. */
final class ChartData {

    /** More points of a line than a screen has pixels only make the page large; the last one is always there. */
    private static final int MOST_POINTS = 4000;

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private ChartData() {}

    static ObjectNode of(ScenarioReport report) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("seconds", report.about().seconds());
        double length = report.about().seconds();
        root.set("run", curves(report.run(), length, length));
        // The control ends earlier, and not because it stands still.
        report.control()
                .filter(control -> !control.steps().isEmpty())
                .ifPresent(control -> root.set(
                        "control",
                        curves(control, length, control.steps().getLast().seconds())));
        ArrayNode faults = root.putArray("faults");
        for (ScenarioReport.Fault fault : report.faults()) {
            double until = fault.until().orElse(fault.lasting() ? report.about().seconds() : fault.from());
            faults.addArray().add(fault.from()).add(until);
        }
        return root;
    }

    private static ObjectNode curves(ScenarioReport.Curves curves, double length, double end) {
        ObjectNode node = MAPPER.createObjectNode();
        ArrayNode time = node.putArray("time");
        ArrayNode tokens = node.putArray("tokens");
        ArrayNode loss = node.putArray("loss");
        for (ScenarioReport.Step step : thinned(curves.steps())) {
            if (Double.isFinite(step.loss())) {
                time.add(step.seconds());
                tokens.add(step.tokens());
                loss.add(step.loss());
            }
        }
        ArrayNode spans = node.putArray("spans");
        ArrayNode throughput = node.putArray("throughput");
        for (Throughput.Point point : Throughput.of(curves.steps(), length)) {
            if (point.seconds() <= end) {
                spans.add(point.seconds());
                throughput.add(point.tokensPerSecond());
            }
        }
        ArrayNode changes = node.putArray("changes");
        ArrayNode shards = node.putArray("shards");
        ArrayNode trainers = node.putArray("trainers");
        for (ScenarioReport.Members members : thinned(curves.members())) {
            changes.add(members.seconds());
            shards.add(members.shards());
            trainers.add(members.trainers());
        }
        return node;
    }

    private static <T> List<T> thinned(List<T> all) {
        int stride = (all.size() + MOST_POINTS - 1) / MOST_POINTS;
        return stride <= 1
                ? all
                : IntStream.range(0, all.size())
                        .filter(i -> i % stride == 0 || i == all.size() - 1)
                        .mapToObj(all::get)
                        .toList();
    }
}
