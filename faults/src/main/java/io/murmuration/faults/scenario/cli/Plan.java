package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.faults.scenario.Bound;
import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Rates;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.Timeline;
import io.murmuration.faults.scenario.Words;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** A scenario as text: who is there, what connects them, what happens when, what is demanded. */
final class Plan {

    /** Longer lists of nodes are cut. */
    private static final int MOST_NODES = 8;

    private Plan() {}

    static void print(PrintStream out, Scenario scenario) {
        out.println(scenario.name());
        if (!scenario.question().isEmpty()) {
            out.println(scenario.question());
        }
        RunSettings settings = scenario.settings();
        out.println();
        line(out, "seed", String.valueOf(scenario.seed()));
        line(out, "length", length(scenario));
        line(
                out,
                "run",
                settings.swarm().stages() + " stages, "
                        + scenario.initial(NodeRole.SHARD).size() + " shards, "
                        + scenario.initial(NodeRole.TRAINER).size() + " trainers, "
                        + scenario.initial(NodeRole.COORDINATOR).size() + " coordinators; "
                        + settings.batch().sequences() + " sequences a step in "
                        + settings.batch().microbatches()
                        + " microbatches");
        line(
                out,
                "compute",
                Words.of(scenario.compute()) + ", model of " + settings.model().layers() + " layers, dim "
                        + settings.model().dim());
        line(out, "control", scenario.needsControl() ? "a second run without events" : "none: no bound needs one");
        scenario.notes().forEach(note -> line(out, "note", note));

        title(out, "nodes");
        scenario.groups().forEach(group -> out.println("  " + group(group)));
        title(out, "links");
        out.println("  default  " + scenario.links().defaults().text());
        scenario.links().byPair().forEach((pair, link) -> out.println("  " + pair + "  " + link.text()));
        title(out, "events");
        events(out, scenario);
        title(out, "demanded");
        scenario.bounds().forEach(bound -> out.println("  " + bound(bound)));
        out.flush();
    }

    static String length(Scenario scenario) {
        List<String> ends = new ArrayList<>();
        scenario.duration().ifPresent(time -> ends.add(Durations.text(time)));
        scenario.steps().ifPresent(count -> ends.add(count + " steps"));
        return String.join(" or ", ends);
    }

    private static String group(NodeGroup group) {
        String names = group.count() == 1 ? group.node(1) : group.node(1) + " to " + group.node(group.count());
        return names + "  region " + group.region() + ", "
                + group.roles().stream().map(Words::of).collect(Collectors.joining(" + ")) + ", speed " + group.speed()
                + (group.cores() == 1 ? "" : ", " + group.cores() + " cores")
                + (group.uplink().isPresent()
                        ? ", uplink " + Rates.text(group.uplink().getAsLong())
                        : "")
                + (group.downlink().isPresent()
                        ? ", downlink " + Rates.text(group.downlink().getAsLong())
                        : "")
                + (group.starts() == NodeGroup.Starts.LATER ? ", starts later" : "");
    }

    private static void events(PrintStream out, Scenario scenario) {
        List<Timeline.Entry> entries = Timeline.of(scenario);
        int width = entries.stream()
                .filter(entry -> entry.time().isPresent())
                .mapToInt(entry -> entry.when().length())
                .max()
                .orElse(0);
        for (Timeline.Entry entry : entries) {
            String when =
                    entry.time().isPresent() ? " ".repeat(width - entry.when().length()) + entry.when() : entry.when();
            out.println("  " + when + "  " + entry.what() + nodes(entry.nodes())
                    + entry.place().map(place -> "  (" + place + ")").orElse(""));
        }
    }

    private static String nodes(List<String> nodes) {
        if (nodes.isEmpty()) {
            return "";
        }
        return ": " + String.join(", ", nodes.subList(0, Math.min(MOST_NODES, nodes.size())))
                + (nodes.size() > MOST_NODES ? " and " + (nodes.size() - MOST_NODES) + " more" : "");
    }

    private static String bound(Bound bound) {
        return Outcome.padded(bound.measure().key(), 34)
                + bound.text()
                + (bound.implied() ? "  (of every such scenario)" : "");
    }

    private static void line(PrintStream out, String what, String text) {
        out.println(Outcome.padded(what, 9) + text);
    }

    private static void title(PrintStream out, String title) {
        out.println();
        out.println(title);
    }
}
