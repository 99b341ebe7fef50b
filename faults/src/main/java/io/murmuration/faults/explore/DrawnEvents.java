package io.murmuration.faults.explore;

import io.murmuration.faults.explore.DrawnSwarm.Group;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What happens. */
final class DrawnEvents {

    private static final List<String> PHASES =
            List.of("training", "closing", "averaging", "committing", "keeping", "evaluating", "joining", "recovering");

    /** By weight; what has no target that may be hit is drawn again. */
    private static final List<String> KINDS = List.of(
            "kill",
            "kill",
            "kill",
            "kill",
            "restart",
            "restart",
            "restart",
            "pause",
            "pause",
            "pause",
            "slow",
            "slow",
            "partition",
            "partition",
            "partition",
            "partition",
            "link",
            "link",
            "link",
            "join",
            "join",
            "leave",
            "disk",
            "disk",
            "clock",
            "heal");

    /**
     * What may not recur: too many would leave, and a node slowed ten times over by the same factor computes one
     * microbatch for hours.
     */
    private static final List<String> ONCE = List.of("do = leave", "do = slow");

    private final Draw draw;
    private final DrawnSwarm swarm;
    private final long steps;
    /** Of whose disk something may be lost: never of all, or there is nothing left to go on from. */
    private final Set<String> damaged = new LinkedHashSet<>();

    private boolean left;

    DrawnEvents(Draw draw, DrawnSwarm swarm, long steps) {
        this.draw = draw;
        this.swarm = swarm;
        this.steps = steps;
    }

    void write(StringBuilder text) {
        int count = draw.whole(0, Limits.MOST_EVENTS);
        text.append("  events = [\n");
        for (int each = 0; each < count; each++) {
            String what = action(draw.of(KINDS));
            while (what.isEmpty()) {
                what = action(draw.of(KINDS));
            }
            String trigger = trigger();
            while (trigger.startsWith("every") && ONCE.stream().anyMatch(what::startsWith)) {
                trigger = trigger();
            }
            text.append("    { ").append(trigger).append(", ").append(what).append(" }\n");
        }
        text.append("  ]\n  heal = before-end\n");
    }

    private String trigger() {
        // Healing is when a quarter of the steps is left: what waits for a later step would put it off to the end.
        long last = Math.max(0, steps - Math.max(1, steps / 4) - 1);
        return switch (draw.whole(1, 10)) {
            case 1, 2, 3 -> "step = " + draw.whole(0, (int) last);
            case 4, 5 -> "when = \"phase == " + draw.of(PHASES) + " && step >= " + draw.whole(0, (int) last) + "\"";
            case 6 -> "when = \"joining > 0 && transfer > " + draw.of(List.of("0", "0.3", "0.7")) + "\"";
            case 7 -> {
                int from = draw.whole(0, 20);
                yield "every = " + draw.whole(2, 20) + "s, from = " + from + "s, until = " + (from + draw.whole(5, 40))
                        + "s";
            }
            default -> "at = " + draw.time(Limits.FIRST_EVENT, Limits.LAST_EVENT);
        };
    }

    /** Empty if there is no such event in this swarm. */
    private String action(String kind) {
        return switch (kind) {
            case "kill", "restart" -> "do = " + kind + ", target = " + target() + lasting(0.6);
            case "pause" -> "do = pause, target = " + target() + lasting(0.8);
            case "slow" ->
                String.format(
                        Locale.ROOT,
                        "do = slow, target = %s, factor = %.1f%s",
                        target(),
                        draw.spread(1.5, Limits.MOST_SLOW),
                        lasting(0.7));
            case "partition" -> partition();
            case "link" -> link();
            case "join" ->
                "do = join, group = " + draw.of(List.of("spare", "eu")) + ", count = " + draw.whole(1, 2)
                        + lasting(0.2);
            case "leave" -> leave();
            case "disk" -> disk();
            case "clock" ->
                "do = clock, target = " + target() + ", skew = " + draw.of(List.of("", "-"))
                        + draw.whole(1, (int) Limits.MOST_SKEW.toSeconds()) + "s" + lasting(0.5);
            case "heal" -> "do = heal";
            default -> throw new IllegalArgumentException("no event " + kind);
        };
    }

    private String lasting(double probability) {
        return draw.happens(probability) ? ", for = " + draw.time(Limits.SHORTEST_FAULT, Limits.LONGEST_FAULT) : "";
    }

    private Group group() {
        return draw.of(swarm.groups().stream().filter(group -> !group.later()).toList());
    }

    private String target() {
        int random = draw.happens(0.7) ? 1 : 2;
        return switch (draw.whole(1, 12)) {
            case 1, 2 -> "{ group = " + group().name() + ", random = 1 }";
            case 3, 4, 5 -> "{ role = shard, random = " + random + " }";
            case 6, 7 -> "{ stage = " + draw.whole(0, swarm.stages() - 1) + ", random = " + random + " }";
            case 8 -> "coordinator-leader";
            case 9 -> draw.of(List.of("donor", "joiner"));
            case 10 -> "{ role = trainer, random = 1 }";
            case 11 -> "{ random = " + draw.whole(1, 3) + " }";
            default ->
                draw.of(List.of(
                        "all",
                        group().name(),
                        "{ stage = " + draw.whole(0, swarm.stages() - 1) + " }",
                        "{ role = trainer }"));
        };
    }

    private String partition() {
        List<String> nodes = new ArrayList<>();
        swarm.groups().forEach(group -> nodes.addAll(swarm.nodes(group)));
        Set<String> first = new LinkedHashSet<>();
        boolean regions = swarm.regions().size() > 1 && draw.happens(0.4);
        if (!regions) {
            int count = draw.whole(1, Math.max(1, nodes.size() / 2));
            while (first.size() < count) {
                first.add(draw.of(nodes));
            }
        }
        List<String> second = new ArrayList<>(nodes);
        second.removeAll(first);
        if (second.size() > 1 && draw.happens(0.4)) {
            second = second.subList(0, draw.whole(1, second.size() - 1));
        }
        String sides = regions ? "eu, us" : quoted(first) + ", " + quoted(second);
        String mode = draw.of(List.of("drop", "black-hole", "reject", "reset", "one-way"));
        return "do = partition, between = [" + sides + "], mode = " + mode + lasting(0.7);
    }

    private static String quoted(Iterable<String> names) {
        List<String> all = new ArrayList<>();
        names.forEach(name -> all.add('"' + name + '"'));
        return "[" + String.join(", ", all) + "]";
    }

    private String link() {
        String change = "{ " + DrawnLinks.faulty(draw, swarm) + " }";
        String which = swarm.regions().size() > 1
                ? draw.of(List.of("\"eu--us\"", "\"eu->us\"", "\"us->eu\"", "default"))
                : "default";
        return "do = link, " + which + " = " + change + lasting(0.8);
    }

    /** Who leaves stays away: once, and of a kind of which enough are left. */
    private String leave() {
        if (left) {
            return "";
        }
        left = true;
        List<String> possible = new ArrayList<>(List.of("{ group = eu, random = 1 }"));
        if (swarm.trainers() > 1) {
            swarm.with(DrawnSwarm.TRAINER).stream()
                    .filter(group -> !group.has(DrawnSwarm.COORDINATOR) || swarm.coordinators() == 3)
                    .forEach(group -> possible.add("{ group = " + group.name() + ", random = 1 }"));
        }
        if (swarm.coordinators() == 3) {
            possible.add("coordinator-leader");
        }
        return "do = leave, target = " + draw.of(possible);
    }

    private String disk() {
        Group group = draw.of(swarm.with(DrawnSwarm.COORDINATOR));
        String node = draw.of(swarm.nodes(group));
        String fault = draw.of(List.of("full", "bitflip", "truncate"));
        if (!fault.equals("full")) {
            damaged.add(node);
            if (damaged.size() == swarm.coordinators()) {
                damaged.remove(node);
                return "";
            }
        }
        return "do = disk, target = \"" + node + "\", fault = " + fault + (fault.equals("full") ? lasting(0.7) : "");
    }
}
