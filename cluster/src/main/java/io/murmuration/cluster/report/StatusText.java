package io.murmuration.cluster.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What a node says of itself and the run, for a person. */
public final class StatusText {

    private static final String ROW = "%-16s %-28s %5s  %s";

    private StatusText() {}

    /** @param status what {@code GET /status} gave */
    public static List<String> lines(JsonNode status) {
        List<String> lines = new ArrayList<>();
        lines.add(String.format(
                Locale.ROOT,
                "node %s (%s), life %d, is %s",
                status.path("node").asText(),
                words(status.path("roles")),
                status.path("life").asLong(),
                status.path("state").asText()));
        lines.add(String.format(
                Locale.ROOT,
                "run %s: %s, %s leads in term %d, epoch %d",
                status.path("run").asText(),
                status.path("phase").asText(),
                status.path("leader").asText("nobody"),
                status.path("term").asLong(),
                status.path("epoch").asLong()));
        lines.add(progress(status));
        JsonNode wire = status.path("wireBytes");
        lines.add(String.format(
                Locale.ROOT,
                "this node sent: activations %s, gradients %s, averages %s, snapshots %s",
                Wording.bytes(wire.path("forward").asLong()),
                Wording.bytes(wire.path("backward").asLong()),
                Wording.bytes(wire.path("bulk").asLong()),
                Wording.bytes(wire.path("snapshots").asLong())));
        JsonNode turnedAway = status.path("turnedAway");
        if (!turnedAway.isEmpty()) {
            lines.add("this node's data port turned away or cut off: "
                    + turnedAway.properties().stream()
                            .map(reason ->
                                    reason.getKey() + " " + reason.getValue().asLong() + "x")
                            .collect(Collectors.joining(", ")));
        }
        lines.add(String.format(Locale.ROOT, ROW, "NODE", "ROLES", "STAGE", ""));
        status.path("members")
                .forEach(member -> lines.add(String.format(
                                Locale.ROOT,
                                ROW,
                                member.path("node").asText(),
                                words(member.path("roles")),
                                member.path("stages").isEmpty() ? "-" : words(member.path("stages")),
                                member.path("reachable").asBoolean() ? "" : "unreachable")
                        .stripTrailing()));
        return lines;
    }

    /** How far the run is, in one line. */
    public static String progress(JsonNode status) {
        return String.format(
                Locale.ROOT,
                "step %d/%d  %s  %s  %d shards",
                status.path("step").asLong(),
                status.path("steps").asLong(),
                status.path("loss").isNumber()
                        ? String.format(
                                Locale.ROOT, "loss %.3f", status.path("loss").asDouble())
                        : "no loss yet",
                Wording.tokensPerSecond(status.path("tokensPerSecond").asDouble()),
                status.path("liveShards").asInt());
    }

    /** Three digits and a decimal prefix: {@code 312 MB}. */
    public static String bytes(long bytes) {
        return Wording.bytes(bytes);
    }

    private static String words(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::asText)
                .map(word -> word.equals("verifier") ? word + " (idle)" : word)
                .collect(Collectors.joining(", "));
    }
}
