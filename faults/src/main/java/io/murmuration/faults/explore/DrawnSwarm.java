package io.murmuration.faults.explore;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Who is there.
 *
 * @param real real numbers, else the cost model
 */
record DrawnSwarm(
        boolean real,
        Size size,
        int stages,
        int steps,
        int coordinators,
        int trainers,
        List<Group> groups,
        List<String> settings) {

    /** A model with what its nodes and links need so that a step takes seconds at most. */
    enum Size {
        NANO("nano", 1e7, 1e9, 1e6),
        TINY("tiny", 2e9, 1e11, 2e7),
        SMALL("small", 1e11, 2e12, 5e8);

        private final String preset;
        private final double leastFlops;
        private final double mostFlops;
        private final double leastRate;

        Size(String preset, double leastFlops, double mostFlops, double leastRate) {
            this.preset = preset;
            this.leastFlops = leastFlops;
            this.mostFlops = mostFlops;
            this.leastRate = leastRate;
        }

        /** Bits a second. */
        double leastRate() {
            return leastRate;
        }
    }

    /** Alike nodes; names as in the file. */
    record Group(String name, int count, String region, List<String> roles, boolean later, String rest) {
        boolean has(String role) {
            return roles.contains(role);
        }

        private String text() {
            return "{ name = " + name + ", count = " + count + ", region = " + region + ", roles = " + roles
                    + (later ? ", start = later" : "") + rest + " }";
        }
    }

    static final String SHARD = "shard";
    static final String TRAINER = "trainer";
    static final String COORDINATOR = "coordinator";

    DrawnSwarm {
        groups = List.copyOf(groups);
        settings = List.copyOf(settings);
    }

    static DrawnSwarm draw(Draw draw, boolean real) {
        Size size = real || draw.happens(0.5) ? Size.NANO : draw.of(List.of(Size.TINY, Size.SMALL));
        int stages = draw.whole(Limits.LEAST_STAGES, Limits.MOST_STAGES);
        int shards = stages * draw.whole(Limits.LEAST_REPLICAS, Limits.MOST_REPLICAS);
        int trainers = draw.whole(1, Limits.MOST_TRAINERS);
        int coordinators = draw.whole(1, Limits.MOST_COORDINATORS);
        String flops = String.format(Locale.ROOT, ", flops = %.2e", draw.spread(size.leastFlops, size.mostFlops));
        List<Group> groups = new ArrayList<>();
        if (trainers == coordinators && draw.happens(0.5)) {
            // With everything on one node, as most deploy it, all that this node did is gone at once.
            List<String> roles =
                    draw.happens(0.5) ? List.of(COORDINATOR, TRAINER) : List.of(COORDINATOR, TRAINER, SHARD);
            groups.add(new Group("hub", trainers, "eu", roles, false, flops));
            shards -= roles.contains(SHARD) ? trainers : 0;
        } else {
            groups.add(new Group("lead", coordinators, "eu", List.of(COORDINATOR), false, flops));
            groups.add(new Group("feed", trainers, draw.of(List.of("eu", "us")), List.of(TRAINER), false, flops));
        }
        int here = shards == 1 || draw.happens(0.4) ? shards : draw.whole(1, shards - 1);
        groups.add(shards("eu", here, false, draw, flops));
        if (here < shards) {
            groups.add(shards("us", shards - here, false, draw, flops));
        }
        groups.add(shards("spare", Limits.MOST_SPARES, true, draw, flops));
        return new DrawnSwarm(
                real,
                size,
                stages,
                draw.whole(Limits.LEAST_STEPS, real ? Limits.MOST_REAL_STEPS : Limits.MOST_STEPS),
                coordinators,
                trainers,
                groups,
                settings(draw, real, size, Math.max(stages, trainers)));
    }

    private static Group shards(String name, int count, boolean later, Draw draw, String flops) {
        String speed = draw.happens(0.3) ? String.format(Locale.ROOT, ", speed = %.2f", draw.spread(0.3, 2)) : "";
        String cores = draw.happens(0.2) ? ", cores = 2" : "";
        return new Group(name, count, name.equals("spare") ? "eu" : name, List.of(SHARD), later, flops + speed + cores);
    }

    /** @param least microbatches: each trainer needs one, and each stage, to have something to do at once */
    private static List<String> settings(Draw draw, boolean real, Size size, int least) {
        List<String> settings = new ArrayList<>();
        int microbatches = draw.whole(least, Limits.MOST_MICROBATCHES);
        int microbatch = draw.whole(1, 2);
        settings.add("batch { sequences = " + microbatches * microbatch + ", microbatch = " + microbatch + " }");
        settings.add("checkpoint.every = " + draw.whole(2, 10));
        if (draw.happens(0.3)) {
            settings.add("validation { every = " + draw.whole(2, 8) + ", windows = " + 2 * microbatch + " }");
        }
        if (real) {
            settings.add("wire { activations = fp32, averaging = fp32 }");
        } else if (draw.happens(0.5)) {
            settings.add("wire { activations = int8, averaging = " + draw.of(List.of("fp32", "fp16", "int8")) + " }");
        }
        limit(draw, settings, "credits-per-upstream", List.of("1", "2", "8"));
        limit(draw, settings, "deadline-floor", List.of("1s", "2s"));
        limit(draw, settings, "deadline-ceiling", List.of("10s", "30s"));
        limit(draw, settings, "ban", List.of("50ms", "2s"));
        limit(draw, settings, "control-retry", List.of("300ms", "1s"));
        // The last checkpoint of a real run, which is compared, waits no longer than that.
        limit(draw, settings, "hold-boundary", real ? List.of("10s") : List.of("1s", "10s"));
        limit(draw, settings, "join-attempts", List.of("1", "5"));
        limit(draw, settings, "join-lag", List.of("2", "8"));
        limit(draw, settings, "join-queue", List.of("4 MiB"));
        limit(draw, settings, "snapshot-donors", List.of("1", "3"));
        limit(draw, settings, "early-parts", List.of("1", "4"));
        if (size == Size.NANO) {
            // Of a larger model these would be thousands of frames, which take long and show nothing else.
            limit(draw, settings, "averaging-part", List.of("16 KiB", "64 KiB"));
            limit(draw, settings, "snapshot-chunk", List.of("16 KiB", "256 KiB"));
        }
        limit(draw, settings, "snapshot-window", List.of("1", "2"));
        limit(draw, settings, "snapshot-deadline", List.of("2s"));
        if (draw.happens(0.4)) {
            settings.add("swarm.staleness = " + draw.whole(1, Limits.MOST_STALENESS));
        }
        return settings;
    }

    private static void limit(Draw draw, List<String> settings, String key, List<String> others) {
        if (draw.happens(0.15)) {
            settings.add("limits." + key + " = " + draw.of(others));
        }
    }

    List<String> regions() {
        return groups.stream().map(Group::region).distinct().toList();
    }

    List<Group> with(String role) {
        return groups.stream()
                .filter(group -> group.has(role) && !group.later())
                .toList();
    }

    /** Nodes of the start. */
    List<String> nodes(Group group) {
        List<String> nodes = new ArrayList<>();
        for (int number = 1; number <= group.count() && !group.later(); number++) {
            nodes.add(group.name() + "-" + number);
        }
        return nodes;
    }

    /** @param length steps in place of those drawn */
    void write(StringBuilder text, long length) {
        text.append("  steps = ").append(length).append('\n');
        text.append("  compute = ").append(real ? "real" : "cost").append('\n');
        text.append("  run {\n    model.preset = ").append(size.preset).append('\n');
        text.append("    swarm.stages = ").append(stages).append('\n');
        settings.forEach(setting -> text.append("    ").append(setting).append('\n'));
        text.append("  }\n  nodes = [\n");
        text.append(groups.stream().map(group -> "    " + group.text() + "\n").collect(Collectors.joining()));
        text.append("  ]\n");
    }
}
