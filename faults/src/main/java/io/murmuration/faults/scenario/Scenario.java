package io.murmuration.faults.scenario;

import io.murmuration.cluster.config.RunSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What the world does to a run, and what must hold. Everything was checked when it was read.
 *
 * @param question first line of the comment above it, what it asks; may be empty
 * @param seed everything random follows from it
 * @param duration virtual time after which the run ends
 * @param steps committed steps after which it ends; at least one of the two is there, and whichever comes first counts
 * @param settings settings of the run; {@code swarm.trainers} and {@code swarm.replicas} follow from the nodes
 * @param rendered the same settings as HOCON, with every key
 * @param events in the order of the file
 * @param bounds written ones in the order of {@link Measure}, then implied ones
 * @param notes what a reader should know: what was derived, what is not done yet
 * @param places where {@code compute} and each of {@code links} is written, by {@code compute}, {@code links.default} and
 *     {@code links.a->b}; only what is written is there
 * @param given settings of the run, as {@code key=value}, that were given in place of the file's
 */
public record Scenario(
        Path file,
        String name,
        String question,
        long seed,
        Optional<Duration> duration,
        Optional<Long> steps,
        RunSettings settings,
        String rendered,
        ComputeMode compute,
        List<NodeGroup> groups,
        Links links,
        List<ScenarioEvent> events,
        Heal heal,
        List<Bound> bounds,
        List<String> notes,
        Map<String, Place> places,
        List<String> given) {

    /** How long the run has to make progress after healing, where {@code expect} does not say. */
    public static final Duration LIVENESS = Duration.ofSeconds(60);

    public Scenario {
        groups = List.copyOf(groups);
        events = List.copyOf(events);
        bounds = List.copyOf(bounds);
        notes = List.copyOf(notes);
        given = List.copyOf(given);
        places = Collections.unmodifiableMap(new TreeMap<>(places));
    }

    /** The group of that name. */
    public Optional<NodeGroup> group(String group) {
        return groups.stream().filter(each -> each.name().equals(group)).findFirst();
    }

    /** Names of the nodes that are up at the start and have a role, in the order of the file. */
    public List<String> initial(NodeRole role) {
        return groups.stream()
                .filter(group -> group.roles().contains(role))
                .flatMap(group -> group.initial().stream())
                .toList();
    }

    /** Whether a bound needs a second run of the same seed without events. */
    public boolean needsControl() {
        return bounds.stream().anyMatch(bound -> bound.measure().needs(Measure.Needs.CONTROL));
    }

    /** The bound on a measure, written or implied. */
    public Optional<Bound> bound(Measure measure) {
        return bounds.stream().filter(bound -> bound.measure() == measure).findFirst();
    }

    /** The same world and run in which nothing happens and nothing is asked. */
    public Scenario control() {
        return new Scenario(
                file,
                name,
                question,
                seed,
                duration,
                steps,
                settings,
                rendered,
                compute,
                groups,
                links,
                List.of(),
                new Heal.Never(),
                List.of(),
                notes,
                places,
                given);
    }

    /** The same, and nothing is asked of it: no control is run. */
    public Scenario unbounded() {
        return new Scenario(
                file, name, question, seed, duration, steps, settings, rendered, compute, groups, links, events, heal,
                List.of(), notes, places, given);
    }

    /** The same with fewer or other events. */
    public Scenario withEvents(List<ScenarioEvent> others) {
        return new Scenario(
                file, name, question, seed, duration, steps, settings, rendered, compute, groups, links, others, heal,
                bounds, notes, places, given);
    }

    /** The same with other machines. */
    public Scenario withGroups(List<NodeGroup> others) {
        return new Scenario(
                file, name, question, seed, duration, steps, settings, rendered, compute, others, links, events, heal,
                bounds, notes, places, given);
    }

    /** Where something is written, or else the file. */
    public Place place(String key) {
        return places.getOrDefault(key, new Place(file.toString()));
    }

    /** The virtual time of the liveness phase: what {@code progress-after-heal} allows. */
    public Duration liveness() {
        return bound(Measure.PROGRESS_AFTER_HEAL)
                .filter(bound -> bound.demand() instanceof Bound.Compared)
                .map(bound -> Duration.ofNanos((long) (((Bound.Compared) bound.demand()).value() * 1e9)))
                .orElse(LIVENESS);
    }

    /**
     * When everything is healed; the run goes on until it has made progress or {@link #liveness()} has passed, if need be
     * beyond its end. Before the end: {@link #liveness()} before the duration is over, but not in its first half and not
     * before the last event that has a time. Empty without a duration (then {@link #healingStep()} says) and where nothing is
     * healed.
     */
    public Optional<Duration> healing() {
        return switch (heal) {
            case Heal.At(Duration time) -> Optional.of(time);
            case Heal.Never _ -> Optional.empty();
            case Heal.BeforeEnd _ ->
                duration.map(end -> events.stream()
                        .flatMap(event ->
                                event.trigger() instanceof Trigger.At(Duration time) ? Stream.of(time) : Stream.of())
                        .reduce(max(end.minus(liveness()), end.dividedBy(2)), Scenario::max));
        };
    }

    /**
     * The step with whose opening everything is healed, where that is before the end and there are steps: when a quarter of
     * them is left, but not before the last event that has a step, nor before {@link #lastTime()} unless it is the last one.
     * With a duration too, whichever comes first heals.
     */
    public Optional<Long> healingStep() {
        return heal instanceof Heal.BeforeEnd
                ? steps.map(count -> events.stream()
                        .flatMap(event ->
                                event.trigger() instanceof Trigger.AtStep(long step) ? Stream.of(step) : Stream.of())
                        .reduce(count - Math.max(1, count / 4), Math::max))
                : Optional.empty();
    }

    /** The last time that the file gives an event to happen; what recurs without an end counts with its first time. */
    public Duration lastTime() {
        return events.stream()
                .flatMap(event -> switch (event.trigger()) {
                    case Trigger.At(Duration time) -> Stream.of(time);
                    case Trigger.Every every -> Stream.of(every.until().orElse(every.from()));
                    case Trigger.OwnTimes _ ->
                        event.action() instanceof Action.Churn churn
                                ? churn.changes().stream().map(Action.Churn.Change::time)
                                : Stream.<Duration>of();
                    case Trigger.AtStep _, Trigger.When _ -> Stream.of();
                })
                .reduce(Duration.ZERO, Scenario::max);
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }
}
