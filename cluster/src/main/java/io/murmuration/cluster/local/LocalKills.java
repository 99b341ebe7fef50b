package io.murmuration.cluster.local;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;

/** Whose turn it is to be killed, and to be started again. One thread. */
final class LocalKills {

    private final Optional<Duration> every;
    private final Duration restartAfter;
    private final boolean any;
    private final KillChoice choice;
    private final Map<LocalNode, Long> restarts = new LinkedHashMap<>();
    /** Killed by somebody who will also say when they come back. */
    private final Set<LocalNode> held = new LinkedHashSet<>();

    private long next;

    LocalKills(LocalCluster.Options options, int quorum, long seed) {
        this.every = options.killEvery();
        this.restartAfter = options.restartAfter();
        this.any = options.killAny();
        this.choice = new KillChoice(quorum, any, new SplittableRandom(seed));
    }

    void begin() {
        next = System.nanoTime() + every.map(Duration::toNanos).orElse(0L);
    }

    /** Whether {@code node} is dead for a while, and known to be. */
    boolean knows(LocalNode node) {
        return restarts.containsKey(node) || held.contains(node);
    }

    /** A process that was killed has ended. */
    void ended(LocalNode node) {
        restarts.put(node, System.nanoTime() + restartAfter.toNanos());
    }

    void hold(LocalNode node) {
        held.add(node);
    }

    /** @return whether it was held */
    boolean release(LocalNode node) {
        return held.remove(node);
    }

    /** Who is to be started now; named once. */
    List<LocalNode> due() {
        List<LocalNode> due = restarts.keySet().stream()
                .filter(node -> System.nanoTime() - restarts.get(node) >= 0)
                .toList();
        due.forEach(restarts::remove);
        return due;
    }

    /** Who is to be killed now. With nobody to spare it is tried again with the next look. */
    Optional<LocalNode> victim(List<LocalNode> nodes, LocalView view) {
        if (every.isEmpty() || System.nanoTime() - next < 0) {
            return Optional.empty();
        }
        Optional<JsonNode> best = view.best();
        // Who has just taken over knows of no stages yet, and then nobody can be told to be spare.
        boolean stagesKnown =
                nodes.stream().anyMatch(node -> !LocalView.stages(node, best).isEmpty());
        List<KillChoice.Candidate> present = nodes.stream()
                .filter(node -> stagesKnown || any)
                .filter(node -> node.view()
                        .filter(status -> status.path("ready").asBoolean())
                        .isPresent())
                .map(node -> new KillChoice.Candidate(
                        node.name(), node.planned().coordinates(), LocalView.stages(node, best)))
                .toList();
        Optional<LocalNode> victim = choice.next(present)
                .flatMap(name ->
                        nodes.stream().filter(node -> node.name().equals(name)).findFirst());
        if (victim.isPresent()) {
            next = Math.max(next + every.get().toNanos(), System.nanoTime());
        }
        return victim;
    }
}
