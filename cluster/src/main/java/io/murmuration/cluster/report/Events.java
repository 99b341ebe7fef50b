package io.murmuration.cluster.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.run.RunInfo;
import io.murmuration.cluster.run.RunResult;
import io.murmuration.cluster.run.StepReport;
import io.murmuration.cluster.run.ValidationReport;
import java.nio.file.Path;

/**
 * What happens in a run as JSON: one object per event, {@code "event"} says which. A number that is not finite is
 * {@code null}, because JSON has none.
 */
final class Events {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Events() {}

    static ObjectNode started(RunInfo info) {
        ObjectNode event = event("started")
                .put("firstStep", info.firstStep())
                .put("steps", info.steps())
                .put("parameters", info.parameters())
                .put("shards", info.shards())
                .put("backend", info.backend())
                .put("corpus", info.corpus());
        number(event, "bytesPerToken", info.bytesPerToken());
        return event;
    }

    static ObjectNode step(StepReport report) {
        ObjectNode event = event("step").put("step", report.step());
        number(event, "loss", report.loss());
        number(event, "gradientNorm", report.gradientNorm());
        number(event, "learningRate", report.learningRate());
        number(event, "tokensPerSecond", report.tokensPerSecond());
        event.put("tokens", report.tokens())
                .put("wireBytes", report.wireBytes())
                .put("uncompressedBytes", report.uncompressedBytes());
        number(event, "compressionRatio", report.compressionRatio());
        return event.put("liveShards", report.liveShards()).put("microbatchesCounted", report.microbatchesCounted());
    }

    static ObjectNode validated(ValidationReport report) {
        ObjectNode event = event("validated").put("step", report.step());
        number(event, "loss", report.loss());
        number(event, "lossPerByte", report.lossPerByte());
        number(event, "perplexity", report.perplexity());
        return event.put("windows", report.windows());
    }

    static ObjectNode checkpointed(long step, Path dir) {
        return event("checkpointed").put("step", step).put("path", dir.toString());
    }

    static ObjectNode checkpointFailed(long step, String why) {
        return event("checkpointFailed").put("step", step).put("why", why);
    }

    static ObjectNode shard(String event, String what) {
        return event(event).put("what", what);
    }

    static ObjectNode finished(RunResult result) {
        ObjectNode event = event("finished").put("steps", result.steps());
        number(event, "trainLoss", result.trainLoss());
        number(event, "validationLoss", result.validationLoss());
        number(event, "validationLossPerByte", result.validationLoss() / result.bytesPerToken());
        number(event, "tokensPerSecond", result.tokensPerSecond());
        event.put("wireBytes", result.wireBytes()).put("microbatchesCounted", result.microbatchesCounted());
        ObjectNode digests = event.putObject("parametersDigest");
        result.parametersDigest().forEach((stage, digest) -> digests.put(stage.toString(), digest));
        ObjectNode ages = event.putObject("gradientAges");
        result.gradientAges().forEach((age, gradients) -> ages.put(age.toString(), gradients));
        event.put("stoppedEarly", result.stoppedEarly());
        result.checkpoint().ifPresent(dir -> event.put("checkpoint", dir.toString()));
        return event;
    }

    /** One line, without its end. */
    static String line(ObjectNode event) {
        try {
            return MAPPER.writeValueAsString(event);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and text is always JSON", e);
        }
    }

    private static ObjectNode event(String name) {
        return MAPPER.createObjectNode().put("event", name);
    }

    private static void number(ObjectNode event, String name, double value) {
        if (Double.isFinite(value)) {
            event.put(name, value);
        } else {
            event.putNull(name);
        }
    }
}
