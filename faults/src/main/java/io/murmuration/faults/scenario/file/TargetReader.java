package io.murmuration.faults.scenario.file;

import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigValue;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Side;
import io.murmuration.faults.scenario.Target;
import io.murmuration.faults.scenario.Words;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads whom an event befalls, and refuses what can never be anybody. */
final class TargetReader {

    private final World world;

    TargetReader(World world) {
        this.world = world;
    }

    /** {@code target}: a section with filters, a word such as {@code donor}, or the name of a node or group. */
    Target target(Fields event) {
        String expected = "{ group = us, random = 2 }, { node = \"eu-3\" }, { role = shard }, { stage = 1 },"
                + " coordinator-leader, donor, joiner or all";
        if (!event.has("target")) {
            throw event.missing("target", expected);
        }
        Target target = event.value("target").orElseThrow() instanceof ConfigObject
                ? filtered(event.section("target").orElseThrow())
                : new Target(List.of(word(event, event.required("target", expected))), OptionalInt.empty());
        checkPossible(event, target);
        return target;
    }

    private Target.Filter word(Fields event, String word) {
        Optional<Target.Moment> moment = Words.find(Target.Moment.class, word);
        if (moment.isPresent()) {
            return moment.get();
        }
        if (world.isNode(word)) {
            return new Target.Named(List.of(word));
        }
        if (world.group(word).isPresent()) {
            return new Target.OfGroup(word);
        }
        throw event.wrong(
                "target",
                "expected " + String.join(", ", Words.all(Target.Moment.class)) + ", a node or a group"
                        + world.near(word));
    }

    private Target filtered(Fields fields) {
        List<Target.Filter> filters = new ArrayList<>(filters(fields));
        fields.whole("stage", 0, world.stages() - 1L)
                .ifPresent(stage -> filters.add(new Target.OfStage(stage.intValue())));
        fields.choice("is", Target.Moment.class).ifPresent(filters::add);
        Optional<Long> random = fields.whole("random", 1, NodesReader.MOST_NODES);
        fields.finish();
        if (filters.isEmpty() && random.isEmpty()) {
            throw fields.wrong("expected node, group, region, role, stage, is or random");
        }
        return new Target(
                filters.isEmpty() ? List.of(Target.Moment.ALL) : filters,
                random.map(count -> OptionalInt.of(count.intValue())).orElse(OptionalInt.empty()));
    }

    private List<Target.Filter> filters(Fields fields) {
        List<Target.Filter> filters = new ArrayList<>();
        if (fields.has("node")) {
            List<String> nodes = fields.words("node", "the name of a node, or a list of names");
            for (String node : nodes) {
                if (!world.isNode(node)) {
                    throw fields.wrong("node", "there is no node " + node + world.near(node));
                }
            }
            filters.add(new Target.Named(nodes));
        }
        fields.text("group").ifPresent(group -> {
            if (world.group(group).isEmpty()) {
                throw fields.notOneOf("group", group, world.groupNames());
            }
            filters.add(new Target.OfGroup(group));
        });
        fields.text("region").ifPresent(region -> {
            if (!world.regions().contains(region)) {
                throw fields.notOneOf("region", region, world.regions());
            }
            filters.add(new Target.InRegion(region));
        });
        fields.choice("role", NodeRole.class).ifPresent(role -> filters.add(new Target.WithRole(role)));
        return filters;
    }

    /** One side of a cut: a name, a list of names, or a section with {@code node}, {@code group}, {@code region}, {@code role}. */
    Side side(Fields fields, String key, ConfigValue value) {
        if (value instanceof ConfigObject section) {
            Fields inner = new Fields(section, fields.pathOf(key));
            List<Target.Filter> filters = filters(inner);
            inner.finish();
            if (filters.size() != 1) {
                throw inner.wrong("expected one of node, group, region, role");
            }
            return checked(fields, key, new Side(filters));
        }
        List<Target.Filter> filters = new ArrayList<>();
        for (Object word : value.unwrapped() instanceof List<?> list ? list : List.of(value.unwrapped())) {
            filters.add(place(fields, key, String.valueOf(word)));
        }
        return checked(fields, key, new Side(filters));
    }

    private Side checked(Fields fields, String key, Side side) {
        boolean nobody = side.anyOf().stream()
                .allMatch(filter -> world.groups().stream().noneMatch(group -> possible(filter, group)));
        if (nobody) {
            throw fields.wrong(key, "nobody can be on the side " + side.text());
        }
        return side;
    }

    /** The network is cut between places: a region goes before a group of the same name. */
    private Target.Filter place(Fields fields, String key, String word) {
        if (world.isNode(word)) {
            return new Target.Named(List.of(word));
        }
        if (world.regions().contains(word)) {
            return new Target.InRegion(word);
        }
        if (world.group(word).isPresent()) {
            return new Target.OfGroup(word);
        }
        throw fields.wrong(key, "there is no region, group or node " + word + world.near(word));
    }

    /** Whether a node of that group could ever be meant. */
    private static boolean possible(Target.Filter filter, NodeGroup group) {
        return switch (filter) {
            case Target.Named(List<String> nodes) ->
                nodes.stream().anyMatch(node -> group.number(node).isPresent());
            case Target.OfGroup(String name) -> group.name().equals(name);
            case Target.InRegion(String region) -> group.region().equals(region);
            case Target.WithRole(NodeRole role) -> group.roles().contains(role);
            case Target.OfStage _ -> group.roles().contains(NodeRole.SHARD);
            case Target.Moment moment ->
                switch (moment) {
                    case COORDINATOR_LEADER -> group.roles().contains(NodeRole.COORDINATOR);
                    case DONOR, JOINER -> group.roles().contains(NodeRole.SHARD);
                    case ALL -> true;
                };
        };
    }

    private void checkPossible(Fields event, Target target) {
        if (groups(target).isEmpty()) {
            throw event.wrong("target", "no node can ever be " + target.text());
        }
    }

    /** The groups whose nodes could be meant. */
    List<NodeGroup> groups(Target target) {
        return world.groups().stream()
                .filter(group -> target.filters().stream().allMatch(filter -> possible(filter, group)))
                .toList();
    }
}
