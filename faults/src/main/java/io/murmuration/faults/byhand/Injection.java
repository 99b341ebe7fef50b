package io.murmuration.faults.byhand;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.Words;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What somebody wants to be done to a node or its links. It makes sense by itself; whether there is such a node is for the
 * cluster to say.
 *
 * @param node empty: only where everything is healed
 * @param peers ends of its links; none: all other nodes
 * @param lasts empty: until it is healed
 */
record Injection(Fault fault, Optional<String> node, List<String> peers, Optional<Duration> lasts, LinkWish link) {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** @throws UserError if it makes no sense */
    Injection {
        peers = List.copyOf(peers);
        String word = Words.of(fault);
        if (fault == Fault.HEAL && node.isPresent()) {
            throw new UserError("--fault heal ends everything: expected no --node");
        }
        if (fault != Fault.HEAL && node.isEmpty()) {
            throw new UserError("--fault " + word + ": expected --node, whom it befalls");
        }
        if (!fault.lasts() && lasts.isPresent()) {
            throw new UserError("--fault " + word + " does not last: expected no --for");
        }
        if (!fault.ofLinks() && !peers.isEmpty()) {
            throw new UserError("--fault " + word + " is not one of links: expected no --peer");
        }
        if (node.isPresent() && peers.contains(node.get())) {
            throw new UserError("--peer " + node.get() + ": no link leads from a node to itself");
        }
        if (fault == Fault.LINK && link.equals(LinkWish.NONE)) {
            throw new UserError("--fault link: expected one or more of --latency, --jitter and --rate");
        }
        if (fault != Fault.LINK && !link.equals(LinkWish.NONE)) {
            throw new UserError("--fault " + word + ": --latency, --jitter and --rate are for --fault link");
        }
    }

    /** @throws UserError if there is no such fault */
    static Fault fault(String word) {
        return Words.find(Fault.class, word)
                .orElseThrow(() -> new UserError(
                        "--fault " + word + ": expected one of " + String.join(", ", Words.all(Fault.class))));
    }

    /** What happens, in a few words. */
    String text() {
        String whom = node.orElse("everything");
        String links = "the links of " + whom + (peers.isEmpty() ? "" : " with " + String.join(", ", peers));
        return switch (fault) {
            case KILL -> whom + " is killed";
            case PAUSE -> whom + " is frozen";
            case LEAVE -> whom + " is asked to leave";
            case HEAL -> "everything is healed";
            case LINK -> links + " change: " + link.text();
            case PARTITION, BLACK_HOLE, REJECT, RESET, ONE_WAY -> links + " are cut (" + Words.of(fault) + ")";
        };
    }

    /** The same, and how long it lasts. */
    String announced() {
        if (!fault.lasts()) {
            return text();
        }
        return text()
                + lasts.map(time -> ", for " + Durations.text(time))
                        .orElse(", until everything is healed (--fault heal)");
    }

    ObjectNode json() {
        ObjectNode json = MAPPER.createObjectNode().put("fault", Words.of(fault));
        node.ifPresent(name -> json.put("node", name));
        peers.forEach(json.withArray("peers")::add);
        lasts.ifPresent(time -> json.put("for", time.toNanos()));
        link.latency().ifPresent(time -> json.put("latency", time.toNanos()));
        link.jitter().ifPresent(time -> json.put("jitter", time.toNanos()));
        link.rate().ifPresent(bits -> json.put("rate", bits));
        return json;
    }

    /** @throws UserError if it is none */
    static Injection read(JsonNode json) {
        List<String> peers = new ArrayList<>();
        json.path("peers").forEach(peer -> peers.add(peer.asText()));
        return new Injection(
                fault(json.path("fault").asText()),
                Optional.of(json.path("node")).filter(JsonNode::isTextual).map(JsonNode::asText),
                peers,
                time(json, "for"),
                new LinkWish(time(json, "latency"), time(json, "jitter"), number(json, "rate")));
    }

    private static Optional<Duration> time(JsonNode json, String key) {
        return number(json, key).map(Duration::ofNanos);
    }

    private static Optional<Long> number(JsonNode json, String key) {
        JsonNode value = json.path(key);
        if (value.isMissingNode()) {
            return Optional.empty();
        }
        if (!value.canConvertToLong() || value.asLong() < 1) {
            throw new UserError("expected a whole number above 0 for " + key + ", got " + value);
        }
        return Optional.of(value.asLong());
    }
}
