package io.murmuration.cluster.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.local.LocalPlan.Planned;
import io.murmuration.cluster.report.Reasons;
import io.murmuration.cluster.report.WholeFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The file in the folder of a cluster on this machine that says where its nodes are, for other commands.
 *
 * @param nodes in order of their numbers
 */
public record ClusterFile(List<Node> nodes) {

    private static final String NAME = "cluster.json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** @param pid of its process; empty while it is dead */
    public record Node(
            String name, Optional<Long> pid, int control, int data, String url, List<String> roles, String folder) {}

    public ClusterFile {
        nodes = List.copyOf(nodes);
    }

    /** Writes it whole: who reads never sees half of one. */
    static void write(Path folder, LocalPlan plan, Map<String, Long> pids) {
        ObjectNode root = MAPPER.createObjectNode();
        for (Planned node : plan.nodes()) {
            ObjectNode json = root.withArray("nodes").addObject().put("name", node.name());
            Optional.ofNullable(pids.get(node.name()))
                    .ifPresentOrElse(pid -> json.put("pid", pid), () -> json.putNull("pid"));
            json.put("host", node.host())
                    .put("control", node.control())
                    .put("data", node.data())
                    .put("url", node.url())
                    .put("folder", folder.resolve(node.name()).toString());
            for (Role role : node.roles()) {
                json.withArray("roles").add(role.name().toLowerCase(Locale.ROOT));
            }
        }
        try {
            WholeFiles.write(
                    folder.resolve(NAME),
                    MAPPER.writerWithDefaultPrettyPrinter().writeValueAsBytes(root));
        } catch (IOException e) {
            throw new UserError("cannot write " + folder.resolve(NAME) + ": " + Reasons.of(e), e);
        }
    }

    /** @throws UserError if that is not the folder of a cluster */
    public static ClusterFile read(Path folder) {
        Path file = folder.resolve(NAME);
        if (!Files.isRegularFile(file)) {
            throw new UserError(folder + " is not the folder of a local cluster: there is no " + NAME + " in it");
        }
        try {
            List<Node> nodes = new ArrayList<>();
            for (JsonNode json : MAPPER.readTree(Files.readAllBytes(file)).path("nodes")) {
                List<String> roles = new ArrayList<>();
                json.path("roles").forEach(role -> roles.add(role.asText()));
                JsonNode pid = json.path("pid");
                nodes.add(new Node(
                        json.path("name").asText(),
                        pid.isNumber() ? Optional.of(pid.asLong()) : Optional.empty(),
                        json.path("control").asInt(),
                        json.path("data").asInt(),
                        json.path("url").asText(),
                        roles,
                        json.path("folder").asText()));
            }
            return new ClusterFile(nodes);
        } catch (IOException e) {
            throw new UserError("cannot read " + file + ": " + Reasons.of(e), e);
        }
    }

    /**
     * Where to ask: at one node, or at each in turn.
     *
     * @throws UserError if no node is called so
     */
    public List<String> urls(Optional<String> name) {
        List<String> urls = nodes.stream()
                .filter(node -> name.isEmpty() || name.get().equals(node.name()))
                .map(Node::url)
                .toList();
        if (urls.isEmpty()) {
            throw new UserError("no node is called " + name.orElse("anything") + "; there are "
                    + nodes.stream().map(Node::name).toList());
        }
        return urls;
    }
}
