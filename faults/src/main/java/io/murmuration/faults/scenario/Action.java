package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What an event does. What lasts ends after the event's {@code for}, else when faults are healed, else with the run.
 */
public sealed interface Action {

    /** What goes wrong with a disk. */
    enum DiskFault {
        /** Every write fails, as long as it lasts. */
        FULL,
        /** One bit of the newest stored checkpoint is flipped, once. */
        BITFLIP,
        /** The newest stored checkpoint loses the end of a file, once. */
        TRUNCATE
    }

    /** Something that befalls nodes. */
    sealed interface OnNodes extends Action {
        Target target();
    }

    /**
     * The nodes are gone from one moment to the next: first all their ports, then their actors. They stay away; with
     * {@code for} a new life starts after that time, without memory, with its disk. Healing starts them too.
     */
    record Kill(Target target) implements OnNodes {
        @Override
        public String text() {
            return "kill " + target.text();
        }
    }

    /**
     * The nodes do nothing and hear nothing; what is sent to them waits. Afterwards they go on as if nothing had been: a
     * stopped process, or a long collection.
     */
    record Pause(Target target) implements OnNodes {
        @Override
        public String text() {
            return "pause " + target.text();
        }
    }

    /** The nodes compute that many times slower. */
    record Slow(Target target, double factor) implements OnNodes {
        @Override
        public String text() {
            return "slow " + target.text() + " by " + factor;
        }
    }

    /** The nodes take their leave: they finish or hand over what they hold, within a bound, and do not come back. */
    record Leave(Target target) implements OnNodes {
        @Override
        public String text() {
            return "leave " + target.text();
        }
    }

    /** The nodes are killed and start a new life at once, or after {@code for}. */
    record Restart(Target target) implements OnNodes {
        @Override
        public String text() {
            return "restart " + target.text();
        }
    }

    /** Something is wrong with the nodes' disks, where checkpoints are. Other nodes have none. */
    record Disk(Target target, DiskFault fault) implements OnNodes {
        @Override
        public String text() {
            return "disk " + Words.of(fault) + " on " + target.text();
        }
    }

    /** The nodes' clocks jump by that much (forward, or back where negative), and back when it ends. */
    record Clock(Target target, Duration skew) implements OnNodes {
        @Override
        public String text() {
            return "clock of " + target.text() + " off by " + Durations.text(skew);
        }
    }

    /** The nodes of one side and of the other are cut off from each other. */
    record Partition(Side first, Side second, PartitionMode mode) implements Action {
        @Override
        public String text() {
            return mode == PartitionMode.ONE_WAY
                    ? "partition one-way from " + first.text() + " to " + second.text()
                    : "partition " + Words.of(mode) + " between " + first.text() + " and " + second.text();
        }
    }

    /** The links between regions change; other links stay. */
    record Link(Map<Links.Pair, LinkChange> changes) implements Action {
        public Link {
            changes = Collections.unmodifiableMap(new TreeMap<>(changes));
        }

        @Override
        public String text() {
            return "link "
                    + changes.entrySet().stream()
                            .map(each -> each.getKey() + " " + each.getValue().text())
                            .collect(Collectors.joining("; "));
        }
    }

    /** New nodes of a group start: the next numbers. With {@code for} they are killed after that time. */
    record Join(String group, int count) implements Action {
        @Override
        public String text() {
            return "join " + count + " of group " + group;
        }
    }

    /** Nodes come and go as somebody recorded. */
    record Churn(String file, List<Change> changes) implements Action {

        /** @param up whether the node starts a new life, or is killed */
        public record Change(Duration time, String node, boolean up, Place place) {}

        public Churn {
            changes = List.copyOf(changes);
        }

        @Override
        public String text() {
            return "churn " + file + " (" + changes.size() + " changes)";
        }
    }

    /** Ends everything that lasts and starts what was killed; who left stays away. */
    record HealAll() implements Action {
        @Override
        public String text() {
            return "heal everything";
        }
    }

    /** In a few words. */
    String text();

    /** Whom it befalls, if that are nodes. */
    default Optional<Target> befalls() {
        return this instanceof OnNodes onNodes ? Optional.of(onNodes.target()) : Optional.empty();
    }

    /** Whether it goes on for a while, so that {@code for} means something. */
    default boolean mayLast() {
        return switch (this) {
            case Leave _, Churn _, HealAll _ -> false;
            case Disk disk -> disk.fault() == DiskFault.FULL;
            default -> true;
        };
    }
}
