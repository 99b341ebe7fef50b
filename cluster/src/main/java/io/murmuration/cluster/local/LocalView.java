package io.murmuration.cluster.local;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.actors.protocol.Role;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What the nodes of a cluster say, put together. One thread. */
final class LocalView {

    private static final List<String> CLASSES = List.of("forward", "backward", "bulk", "snapshots");

    private final List<LocalNode> nodes;
    private final Map<String, Long> sent = new LinkedHashMap<>();

    LocalView(List<LocalNode> nodes) {
        this.nodes = nodes;
    }

    /** What the node says that knows of the newest step. */
    Optional<JsonNode> best() {
        return nodes.stream()
                .flatMap(node -> node.view().stream())
                .max(Comparator.comparingLong(
                                (JsonNode status) -> status.path("term").asLong())
                        .thenComparingLong(status -> status.path("step").asLong()));
    }

    /**
     * Those of its shards.
     *
     * @param view one for all: what two nodes say at different moments does not add up
     */
    static List<Integer> stages(LocalNode node, Optional<JsonNode> view) {
        return view.stream()
                .flatMap(status -> StreamSupport.stream(status.path("members").spliterator(), false))
                .filter(member -> member.path("node").asText().equals(node.name()))
                .flatMap(member -> StreamSupport.stream(member.path("stages").spliterator(), false))
                .map(JsonNode::asInt)
                .toList();
    }

    static String roles(LocalNode node) {
        return node.planned().roles().stream()
                .map(Role::name)
                .map(role -> role.toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    /** The cluster now. */
    LocalFrame frame(Predicate<LocalNode> ended) {
        Optional<JsonNode> best = best();
        List<LocalFrame.Row> rows = new ArrayList<>();
        for (LocalNode node : nodes) {
            node.view().ifPresent(status -> count(node, status));
            String state = node.isAlive()
                    ? node.view()
                            .map(status -> status.path("state").asText())
                            .orElse("does not answer (starting, or busy)")
                    : ended.test(node) ? "ended" : "dead";
            rows.add(new LocalFrame.Row(node.name(), roles(node), state, stages(node, best), node.pid()));
        }
        return new LocalFrame(
                best, rows, sent.values().stream().mapToLong(Long::longValue).sum());
    }

    /** A node counts from zero in every life. */
    private void count(LocalNode node, JsonNode status) {
        long bytes = CLASSES.stream()
                .mapToLong(each -> status.path("wireBytes").path(each).asLong())
                .sum();
        sent.merge(node.name() + "@" + status.path("life").asText(), bytes, Math::max);
    }
}
