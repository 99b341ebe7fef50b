package io.murmuration.faults.explore;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What links are like, and what a fault makes of them. */
final class DrawnLinks {

    private DrawnLinks() {}

    /** The section {@code links}. */
    static void write(StringBuilder text, Draw draw, DrawnSwarm swarm) {
        text.append("  links {\n    default { ").append(usual(draw, swarm)).append(" }\n");
        if (swarm.regions().size() > 1) {
            if (draw.happens(0.7)) {
                text.append("    \"eu--us\" { ").append(usual(draw, swarm)).append(" }\n");
            }
            if (draw.happens(0.3)) {
                text.append("    \"us->eu\" { ").append(usual(draw, swarm)).append(" }\n");
            }
        }
        text.append("  }\n");
    }

    private static String usual(Draw draw, DrawnSwarm swarm) {
        List<String> parts = new ArrayList<>();
        parts.add("latency = " + draw.time(Limits.LEAST_LATENCY, Limits.MOST_LATENCY));
        if (draw.happens(0.5)) {
            parts.add("jitter = " + jitter(draw));
        }
        if (draw.happens(0.6)) {
            parts.add("rate = " + rate(draw.spread(1, 1000) * swarm.size().leastRate()));
        }
        if (draw.happens(0.3)) {
            parts.add("loss = " + loss(draw, Limits.MOST_LOSS));
        }
        if (draw.happens(0.15)) {
            parts.add("corrupt = " + draw.probability(1e-5, Limits.MOST_CORRUPT));
        }
        if (draw.happens(0.2)) {
            parts.add("duplicate = " + draw.probability(1e-3, Limits.MOST_DUPLICATE));
        }
        if (draw.happens(0.2)) {
            parts.add("reorder = " + draw.probability(1e-3, Limits.MOST_REORDER));
        }
        return String.join(", ", parts);
    }

    /** What a link turns to while a fault lasts; something of it always changes. */
    static String faulty(Draw draw, DrawnSwarm swarm) {
        List<String> parts = new ArrayList<>();
        while (parts.isEmpty()) {
            if (draw.happens(0.5)) {
                parts.add("loss = " + loss(draw, Limits.MOST_FAULTY_LOSS));
            }
            if (draw.happens(0.3)) {
                parts.add("corrupt = " + draw.probability(1e-3, Limits.MOST_FAULTY_CORRUPT));
            }
            if (draw.happens(0.3)) {
                parts.add("duplicate = " + draw.probability(1e-2, Limits.MOST_FAULTY_DUPLICATE));
            }
            if (draw.happens(0.3)) {
                parts.add("reorder = " + draw.probability(1e-2, Limits.MOST_FAULTY_REORDER));
            }
            if (draw.happens(0.2)) {
                parts.add("latency = " + draw.time(Limits.MOST_LATENCY, Limits.MOST_FAULTY_LATENCY));
            }
            if (draw.happens(0.2)) {
                parts.add("rate = "
                        + rate(draw.spread(Limits.LEAST_FAULTY_RATE, 1)
                                * swarm.size().leastRate()));
            }
        }
        return String.join(", ", parts);
    }

    private static String jitter(Draw draw) {
        String size = draw.time(Duration.ofNanos(10_000), Duration.ofMillis(20));
        return draw.of(List.of(
                size,
                "{ distribution = normal, sd = " + size + " }",
                "{ distribution = uniform, range = " + size + " }",
                "{ distribution = exponential, mean = " + size + " }"));
    }

    private static String rate(double bits) {
        return String.format(Locale.ROOT, "%.0fkbps", bits / 1e3);
    }

    /** Seldom and each on its own, or in bursts (Gilbert 1960, Elliott 1963) that lose about as much. */
    private static String loss(Draw draw, double most) {
        if (draw.happens(0.5)) {
            return draw.probability(1e-4, most);
        }
        return "{ model = gilbert-elliott, p = " + draw.probability(1e-4, most / 2) + ", r = "
                + draw.probability(0.2, 0.9) + ", bad = " + draw.probability(0.1, 0.7) + " }";
    }
}
