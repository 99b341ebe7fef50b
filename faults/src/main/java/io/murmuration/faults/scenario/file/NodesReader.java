package io.murmuration.faults.scenario.file;

import io.murmuration.cluster.config.Nearest;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code nodes}. */
final class NodesReader {

    /** More than what one JVM simulates in reasonable time; a typing error is likelier. */
    static final int MOST_NODES = 10_000;

    private static final Pattern NAME =
            Pattern.compile("[A-Za-z][A-Za-z0-9_]*(?:-[A-Za-z0-9_]*[A-Za-z_][A-Za-z0-9_]*)*");
    private static final Pattern FLOPS =
            Pattern.compile("\\s*([0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)\\s*([MGT]?FLOPS)?\\s*");

    private NodesReader() {}

    static List<NodeGroup> read(Fields scenario) {
        List<NodeGroup> groups = new ArrayList<>();
        for (Fields fields : scenario.sections("nodes")) {
            NodeGroup group = group(fields);
            if (groups.stream().anyMatch(other -> other.name().equals(group.name()))) {
                throw fields.wrong("name", "another group has this name");
            }
            groups.add(group);
        }
        if (groups.isEmpty()) {
            throw scenario.missing("nodes", "[ { name = eu, count = 8, roles = [shard] }, ... ]");
        }
        if (groups.stream().mapToLong(NodeGroup::count).sum() > MOST_NODES) {
            throw scenario.wrong(
                    "nodes",
                    "expected at most " + MOST_NODES + " nodes together, these are "
                            + groups.stream().mapToLong(NodeGroup::count).sum());
        }
        return groups;
    }

    private static NodeGroup group(Fields fields) {
        String name = fields.required("name", "a name for the group; its nodes are NAME-1, NAME-2, ...");
        if (!NAME.matcher(name).matches()) {
            throw fields.unfit(
                    "name", "letters, digits, _ and -, beginning with a letter and not ending in - and a number");
        }
        int count = fields.whole("count", 1, MOST_NODES)
                .orElseThrow(() -> fields.missing("count", "how many nodes"))
                .intValue();
        NodeGroup group = new NodeGroup(
                name,
                count,
                fields.text("region").orElse(name),
                roles(fields),
                fields.decimal("speed", 1e-6, 1e6).orElse(1.0),
                fields.whole("cores", 1, 1024).orElse(1L).intValue(),
                flops(fields).orElse(NodeGroup.USUAL_FLOPS),
                optional(LinksReader.rate(fields, "uplink")),
                optional(LinksReader.rate(fields, "downlink")),
                fields.bytes("memory").orElse(0L),
                fields.choice("start", NodeGroup.Starts.class).orElse(NodeGroup.Starts.NOW),
                fields.place());
        fields.finish();
        return group;
    }

    private static List<NodeRole> roles(Fields fields) {
        List<String> known = Words.all(NodeRole.class);
        List<NodeRole> roles = new ArrayList<>();
        for (String word : fields.words("roles", "a list of roles: " + String.join(", ", known))) {
            NodeRole role = Words.find(NodeRole.class, word)
                    .orElseThrow(() -> fields.wrong(
                            "roles",
                            "there is no role " + word + ", the nearest is "
                                    + Nearest.of(word, known).orElseThrow()));
            if (roles.contains(role)) {
                throw fields.wrong("roles", word + " is there twice");
            }
            roles.add(role);
        }
        if (roles.isEmpty()) {
            throw fields.missing("roles", "a list of " + String.join(", ", known));
        }
        return roles;
    }

    private static Optional<Double> flops(Fields fields) {
        return fields.parsed(
                "flops",
                text -> {
                    Matcher matcher = FLOPS.matcher(text);
                    if (!matcher.matches()) {
                        return Optional.empty();
                    }
                    double unit =
                            switch (Optional.ofNullable(matcher.group(2)).orElse("")) {
                                case "MFLOPS" -> 1e6;
                                case "GFLOPS" -> 1e9;
                                case "TFLOPS" -> 1e12;
                                default -> 1;
                            };
                    double flops = Double.parseDouble(matcher.group(1)) * unit;
                    return flops > 0 && Double.isFinite(flops) ? Optional.of(flops) : Optional.empty();
                },
                "floating-point operations a second such as 100 GFLOPS");
    }

    private static OptionalLong optional(Optional<Long> value) {
        return value.map(OptionalLong::of).orElse(OptionalLong.empty());
    }
}
