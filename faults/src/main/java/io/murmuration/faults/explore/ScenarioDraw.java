package io.murmuration.faults.explore;

import java.util.Optional;

/** The scenario of a seed, as the text of its file. */
final class ScenarioDraw {

    private ScenarioDraw() {}

    /** Whether it computes with real numbers: every {@value Limits#REAL_EVERY}th seed. */
    static boolean real(long seed) {
        return Math.floorMod(seed, (long) Limits.REAL_EVERY) == 0;
    }

    /**
     * Draws it. The same seed gives the same text.
     *
     * @param length steps in place of those drawn
     */
    static String text(long seed, Optional<Long> length) {
        Draw draw = new Draw(seed);
        DrawnSwarm swarm = DrawnSwarm.draw(draw, real(seed));
        long steps = length.orElse((long) swarm.steps());
        StringBuilder text = new StringBuilder("# Drawn by scenario explore from seed " + seed + ".\n");
        text.append("scenario {\n  name = \"explored ").append(seed).append("\"\n");
        text.append("  seed = ").append(seed).append('\n');
        swarm.write(text, steps);
        DrawnLinks.write(text, draw, swarm);
        new DrawnEvents(draw, swarm, steps).write(text);
        text.append("  expect {\n");
        text.append("    every-microbatch-counted-once = true\n    replicas-agree = true\n    bounded-memory = true\n");
        text.append("    steps-committed = \">= ").append(steps).append("\"\n");
        text.append("    progress-after-heal = \"< ")
                .append(Limits.LIVENESS.toSeconds())
                .append("s\"\n");
        if (swarm.real()) {
            text.append("    parameters-distance-to-control = \"")
                    .append(Limits.DISTANCE)
                    .append("\"\n");
        }
        return text.append("  }\n}\n").toString();
    }
}
