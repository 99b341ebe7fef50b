package io.murmuration.cluster.node;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.node.ProcessSwarm.Told;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** What holds of every run, whatever was done to it, by what its nodes have told. */
final class SwarmChecks {

    private SwarmChecks() {}

    /**
     * Every step was committed, in order, each microbatch of it counted once; and all replicas of a stage had the same digest
     * after each step. A step comes a second time only from who took over, not knowing whether it was told, after the run
     * has said that it goes back, or after everybody died; and then the run goes on from the newest checkpoint.
     *
     * @return the steps that are part of the run, by number
     */
    static Map<Long, Told> sound(List<Told> told) {
        Map<Long, Told> steps = new TreeMap<>();
        Map<String, Map<String, Set<String>>> digests = new LinkedHashMap<>();
        int history = 0;
        long next = 0;
        long kept = 0;
        boolean retold = false;
        for (Told line : told) {
            switch (line.event()) {
                case "tookOver" -> retold = true;
                case "kept" -> kept = Math.max(kept, line.number("version"));
                case "rolledBack", "started" -> {
                    long from = line.number(line.is("started") ? "version" : "to");
                    assertThat(from).as("%s", line.line()).isBetween(kept, next);
                    next = from;
                    history++;
                    steps.keySet().removeIf(step -> step >= from);
                }
                case "stepCommitted" -> {
                    assertThat(line.number("counted")).as("%s", line.line()).isEqualTo(ProcessSwarm.MICROBATCHES);
                    long step = line.number("step");
                    if (!(retold && step == next - 1) && !late(line, steps.get(step))) {
                        assertThat(step).as("%s", line.line()).isEqualTo(next);
                        next = step + 1;
                        steps.put(step, line);
                    }
                    retold = false;
                }
                case "applied" ->
                    digests.computeIfAbsent(
                                    history + ": step " + line.number("step") + " of stage " + line.number("stage"),
                                    key -> new TreeMap<>())
                            .computeIfAbsent(line.text("digest"), key -> new TreeSet<>())
                            .add(line.text("member"));
                default -> {}
            }
        }
        digests.forEach((step, held) -> assertThat(held).as(step).hasSize(1));
        assertThat(told)
                .as("nobody is found to hold something else")
                .noneMatch(line -> line.is("lost") && line.text("reason").contains("parameters"));
        return steps;
    }

    /** Whoever was frozen between a step and its line writes it when it wakes up, while another leads. */
    private static boolean late(Told line, Told before) {
        return before != null
                && !before.node().equals(line.node())
                && before.line().path("gradientNorm").equals(line.line().path("gradientNorm"));
    }

    /** Nats per token by which a run of nano has learnt after a few steps: five times the noise of a mean of ten. */
    private static final double LEARNT = 0.2;

    /** After fewer steps the loss of nano has not fallen by that much yet. */
    private static final int ENOUGH_TO_LEARN = 25;

    /** The mean loss of the last steps is well below that of the first, if there were enough steps to tell. */
    static void learns(Map<Long, Told> steps) {
        List<Told> all = new ArrayList<>(steps.values());
        if (all.size() < ENOUGH_TO_LEARN) {
            return;
        }
        int window = Math.min(10, all.size() / 2);
        double first = mean(all.subList(0, window));
        double last = mean(all.subList(all.size() - window, all.size()));
        assertThat(last)
                .as("loss after %d steps, at first %s", all.size(), first)
                .isLessThan(first - LEARNT);
    }

    /** Mean of those losses that are known: after a takeover a step may have none. */
    static double mean(List<Told> steps) {
        return steps.stream()
                .filter(step -> step.line().path("loss").isNumber())
                .mapToDouble(step -> step.line().path("loss").asDouble())
                .average()
                .orElseThrow();
    }
}
