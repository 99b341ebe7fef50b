package io.murmuration.faults.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.faults.scenario.Judgement;
import io.murmuration.faults.scenario.Words;
import java.util.List;
import java.util.Optional;

/** A report as {@code report.json}: keys in a fixed order, what is not a number or was not measured as {@code null}. */
final class ReportJson {

    /** Raised when a reader of older reports would misunderstand newer ones. */
    private static final int FORMAT = 1;

    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    private ReportJson() {}

    static String text(ScenarioReport report) {
        return write(of(report), true);
    }

    static String write(ObjectNode node, boolean pretty) {
        try {
            return pretty
                    ? MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n"
                    : MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of text and numbers cannot be written as JSON", e);
        }
    }

    static ObjectNode of(ScenarioReport report) {
        ObjectNode root = MAPPER.createObjectNode();
        root.put("format", FORMAT);
        ScenarioReport.About about = report.about();
        root.put("scenario", about.name());
        root.put("question", about.question());
        root.put("verdict", Words.of(report.judgement().verdict()));
        root.put("seed", about.seed());
        root.put("replay", about.replay());
        root.put("compute", about.compute());
        root.put("seconds", about.seconds());
        report.historyHash().ifPresentOrElse(hash -> root.put("historyHash", hash), () -> root.putNull("historyHash"));
        report.simulated().ifPresent(simulated -> {
            root.put("events", simulated.events());
            number(root, "controlPerNodeAndStep", simulated.controlPerNodeAndStep());
            number(root, "controlOfCoordinatorsPerStep", simulated.controlOfCoordinatorsPerStep());
        });
        about.notes().forEach(root.putArray("notes")::add);
        judgement(root, report.judgement());
        root.set("run", curves(report.run(), about.seconds()));
        report.control()
                .ifPresentOrElse(
                        control -> root.set("control", curves(control, about.seconds())),
                        () -> root.putNull("control"));
        faults(root.putArray("faults"), report.faults());
        ArrayNode links = root.putArray("links");
        for (ScenarioReport.LinkBytes link : report.links()) {
            links.addObject()
                    .put("from", link.from())
                    .put("to", link.to())
                    .put("controlBytes", link.control())
                    .put("dataBytes", link.data());
        }
        report.staleness()
                .ifPresentOrElse(
                        staleness -> {
                            ObjectNode node = root.putObject("staleness");
                            number(node, "mean", staleness.mean());
                            number(node, "p99", staleness.p99());
                            node.put("most", staleness.most());
                        },
                        () -> root.putNull("staleness"));
        report.detections()
                .ifPresentOrElse(
                        found -> number(
                                root.putObject("detections")
                                        .put("adversaries", found.adversaries())
                                        .put("ejected", found.ejected())
                                        .put("honestEjected", found.honestEjected()),
                                "auditOverhead",
                                found.auditOverhead()),
                        () -> root.putNull("detections"));
        return root;
    }

    private static void judgement(ObjectNode root, Judgement judgement) {
        ArrayNode bounds = root.putArray("bounds");
        for (Judgement.OnBound each : judgement.bounds()) {
            ObjectNode node = bounds.addObject()
                    .put("measure", each.bound().measure().key())
                    .put("demanded", each.bound().text())
                    .put("implied", each.bound().implied());
            each.value()
                    .ifPresentOrElse(
                            value -> node.put("measured", each.bound().text(value)), () -> node.putNull("measured"));
            node.put("verdict", Words.of(each.verdict()));
        }
        ArrayNode violations = root.putArray("violations");
        for (Judgement.Violation violation : judgement.violations()) {
            violations
                    .addObject()
                    .put("checker", violation.checker())
                    .put("seconds", violation.seconds())
                    .put("counterexample", violation.counterexample());
        }
    }

    private static ObjectNode curves(ScenarioReport.Curves curves, double length) {
        ObjectNode node = MAPPER.createObjectNode();
        ArrayNode steps = node.putArray("steps");
        for (ScenarioReport.Step step : curves.steps()) {
            number(
                    steps.addObject()
                            .put("seconds", step.seconds())
                            .put("version", step.version())
                            .put("tokens", step.tokens()),
                    "loss",
                    step.loss());
        }
        ArrayNode throughput = node.putArray("throughput");
        for (Throughput.Point point : Throughput.of(curves.steps(), length)) {
            throughput.addObject().put("seconds", point.seconds()).put("tokensPerSecond", point.tokensPerSecond());
        }
        ArrayNode members = node.putArray("members");
        for (ScenarioReport.Members roster : curves.members()) {
            members.addObject()
                    .put("seconds", roster.seconds())
                    .put("shards", roster.shards())
                    .put("trainers", roster.trainers());
        }
        ScenarioReport.Work work = curves.work();
        number(
                node.putObject("work")
                        .put("computed", work.computed())
                        .put("counted", work.counted())
                        .put("replayed", work.replayed()),
                "wasted",
                work.wasted());
        return node;
    }

    private static void faults(ArrayNode array, List<ScenarioReport.Fault> faults) {
        for (ScenarioReport.Fault fault : faults) {
            ObjectNode node = array.addObject().put("what", fault.what());
            fault.nodes().forEach(node.putArray("nodes")::add);
            node.put("from", fault.from());
            optional(node, "until", fault.until());
            node.put("lasting", fault.lasting());
            node.put("tookMembers", fault.tookMembers());
            optional(node, "recovery", fault.recovery());
        }
    }

    private static void optional(ObjectNode node, String key, Optional<Double> value) {
        number(node, key, value.orElse(Double.NaN));
    }

    private static void number(ObjectNode node, String key, double value) {
        if (Double.isFinite(value)) {
            node.put(key, value);
        } else {
            node.putNull(key);
        }
    }
}
