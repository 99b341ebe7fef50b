package io.murmuration.cluster.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.actors.protocol.Epoch;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.membership.RunStatus;
import java.util.List;
import java.util.Locale;

/** What the API says, as JSON of one line. A number that is not finite is {@code null}. */
final class Json {

    static final ObjectMapper MAPPER = new ObjectMapper();

    private Json() {}

    static String message(String text) {
        return line(MAPPER.createObjectNode().put("message", text));
    }

    static String error(String text) {
        return line(MAPPER.createObjectNode().put("error", text));
    }

    /** Everything a node knows. */
    static String status(NodeStatus status) {
        RunStatus run = status.run();
        Epoch epoch = run.roster().epoch();
        ObjectNode json = MAPPER.createObjectNode()
                .put("node", status.self().node())
                .put("life", status.self().life())
                .put("state", status.phase())
                .put("ready", status.ready());
        roles(json.putArray("roles"), status.roles());
        json.put("run", status.self().run())
                .put("protocol", status.self().protocol())
                .put("phase", run.phase());
        status.leader().ifPresentOrElse(leader -> json.put("leader", leader), () -> json.putNull("leader"));
        json.put("term", epoch.term())
                .put("epoch", epoch.number())
                .put("step", run.version())
                .put("steps", run.lastVersion());
        number(json, "loss", run.loss());
        number(json, "tokensPerSecond", run.tokensPerSecond());
        json.put("liveShards", run.liveShards());
        ArrayNode members = json.putArray("members");
        for (NodeStatus.Seen seen : status.nodes()) {
            ObjectNode member = members.addObject()
                    .put("node", seen.name())
                    .put("life", seen.life())
                    .put("address", seen.control());
            roles(member.putArray("roles"), seen.roles());
            seen.stages().forEach(member.putArray("stages")::add);
            member.put("reachable", !seen.unreachable());
        }
        ObjectNode wire = json.putObject("wireBytes");
        status.wire().encoded().forEach((traffic, bytes) -> wire.put(word(traffic), bytes));
        wire.put("snapshots", status.wire().snapshots())
                .put("uncompressed", status.wire().uncompressed());
        ObjectNode turnedAway = json.putObject("turnedAway");
        status.wire().turnedAway().forEach(turnedAway::put);
        return line(json);
    }

    static String line(JsonNode json) {
        try {
            return MAPPER.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of numbers and text is always JSON", e);
        }
    }

    private static void roles(ArrayNode array, List<Role> roles) {
        roles.forEach(role -> array.add(word(role)));
    }

    private static void number(ObjectNode json, String name, double value) {
        if (Double.isFinite(value)) {
            json.put(name, value);
        } else {
            json.putNull(name);
        }
    }

    private static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
