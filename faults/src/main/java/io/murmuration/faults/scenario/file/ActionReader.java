package io.murmuration.faults.scenario.file;

import com.typesafe.config.ConfigValue;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.PartitionMode;
import io.murmuration.faults.scenario.Side;
import io.murmuration.faults.scenario.Target;
import io.murmuration.faults.scenario.TargetChoice;
import io.murmuration.faults.scenario.Trigger;
import java.time.Duration;
import java.util.List;

/** Reads what an event does, by its {@code do}. */
final class ActionReader {

    static final String CHURN = "churn";

    static final List<String> NAMES = List.of(
            "kill", "partition", "pause", "slow", "join", "leave", "restart", CHURN, "link", "disk", "clock", "heal");

    private final World world;
    private final List<String> notes;
    private final TargetReader targets;

    /** @param notes gets what a reader should know of events */
    ActionReader(World world, List<String> notes) {
        this.world = world;
        this.notes = notes;
        this.targets = new TargetReader(world);
    }

    TargetReader targets() {
        return targets;
    }

    Action read(String word, Fields fields, Trigger trigger) {
        return switch (word) {
            case "kill" -> new Action.Kill(targets.target(fields));
            case "partition" -> partition(fields, trigger);
            case "pause" -> new Action.Pause(targets.target(fields));
            case "slow" -> slow(fields);
            case "join" -> join(fields);
            case "leave" -> new Action.Leave(targets.target(fields));
            case "restart" -> new Action.Restart(targets.target(fields));
            case CHURN -> churn(fields);
            case "link" -> new Action.Link(new LinksReader(world.regions()).changes(fields));
            case "disk" -> disk(fields);
            case "clock" -> clock(fields);
            case "heal" -> new Action.HealAll();
            default -> throw fields.notOneOf("do", word, NAMES);
        };
    }

    private Action slow(Fields fields) {
        Target target = targets.target(fields);
        double factor = fields.decimal("factor", 1, 1e6)
                .orElseThrow(() -> fields.missing("factor", "how many times slower, such as 10"));
        return new Action.Slow(target, factor);
    }

    private Action join(Fields fields) {
        String name = fields.required("group", "one of " + String.join(", ", world.groupNames()));
        if (world.group(name).isEmpty()) {
            throw fields.notOneOf("group", name, world.groupNames());
        }
        long count = fields.whole("count", 1, NodesReader.MOST_NODES).orElse(1L);
        return new Action.Join(name, (int) count);
    }

    private Action disk(Fields fields) {
        Target target = targets.target(fields);
        Action.DiskFault fault = fields.choice("fault", Action.DiskFault.class)
                .orElseThrow(() -> fields.missing("fault", "full, bitflip or truncate"));
        if (targets.groups(target).stream().noneMatch(group -> group.roles().contains(NodeRole.COORDINATOR))) {
            notes.add("only nodes with the role coordinator keep something on a disk: do = disk touches nothing ("
                    + fields.place() + ")");
        }
        return new Action.Disk(target, fault);
    }

    private Action clock(Fields fields) {
        Target target = targets.target(fields);
        Duration skew = fields.anyTime("skew").orElseThrow(() -> fields.missing("skew", "a time such as 1h or -30s"));
        if (skew.isNegative()) {
            notes.add("a monotonic clock does not go back: a skew of " + Durations.text(skew) + " changes nothing ("
                    + fields.place() + ")");
        }
        return new Action.Clock(target, skew);
    }

    private Action churn(Fields fields) {
        String file =
                fields.required("trace", "a CSV file beside the scenario with lines time,node,up or time,node,down");
        return new Action.Churn(file, ChurnTrace.read(world, fields, file));
    }

    /** {@code between} two sides; where it is one way and happens once, {@code from} and {@code to} are clearer. */
    private Action partition(Fields fields, Trigger trigger) {
        PartitionMode mode = fields.choice("mode", PartitionMode.class).orElse(PartitionMode.DROP);
        boolean named = mode == PartitionMode.ONE_WAY && !fields.has("between") && !(trigger instanceof Trigger.Every);
        Side first;
        Side second;
        if (named) {
            first = targets.side(fields, "from", side(fields, "from"));
            second = targets.side(fields, "to", side(fields, "to"));
        } else {
            List<ConfigValue> sides = fields.list("between");
            if (sides.size() != 2) {
                throw fields.has("between")
                        ? fields.unfit("between", "two sides, such as [eu, us] or [[eu-1, eu-2], us]")
                        : fields.missing("between", "[eu, us]");
            }
            first = targets.side(fields, "between", sides.get(0));
            second = targets.side(fields, "between", sides.get(1));
        }
        List<String> seconds = TargetChoice.atStart(second, world.groups());
        List<String> both = TargetChoice.atStart(first, world.groups()).stream()
                .filter(seconds::contains)
                .toList();
        if (!both.isEmpty()) {
            throw fields.wrong(
                    named ? "to" : "between",
                    both.getFirst()
                            + " would be on both sides (a word means the region of that name before the group; the group"
                            + " alone is { group = NAME })");
        }
        return new Action.Partition(first, second, mode);
    }

    private static ConfigValue side(Fields fields, String key) {
        return fields.value(key).orElseThrow(() -> fields.missing(key, "a region, group or node"));
    }
}
