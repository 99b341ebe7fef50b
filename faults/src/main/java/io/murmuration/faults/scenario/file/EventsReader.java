package io.murmuration.faults.scenario.file;

import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.Durations;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.Place;
import io.murmuration.faults.scenario.Predicate;
import io.murmuration.faults.scenario.PredicateException;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.scenario.Target;
import io.murmuration.faults.scenario.Trigger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Reads {@code events}. */
final class EventsReader {

    /** Recurring events are listed, drawn and undone one by one. */
    private static final Duration SHORTEST_PERIOD = Duration.ofMillis(1);

    private final World world;
    private final ActionReader actions;

    /** @param notes gets what a reader should know of events */
    EventsReader(World world, List<String> notes) {
        this.world = world;
        this.actions = new ActionReader(world, notes);
    }

    List<ScenarioEvent> read(Fields scenario) {
        List<Fields> sections = scenario.sections("events");
        List<ScenarioEvent> events = new ArrayList<>();
        for (Fields fields : sections) {
            events.add(event(fields, events.size()));
        }
        for (int i = 0; i < events.size(); i++) {
            checkNamed(events.get(i), events);
            checkRandom(sections.get(i), events.get(i), events);
        }
        return events;
    }

    private ScenarioEvent event(Fields fields, int index) {
        String word = fields.required("do", "what happens: " + String.join(", ", ActionReader.NAMES));
        if (!ActionReader.NAMES.contains(word)) {
            throw fields.notOneOf("do", word, ActionReader.NAMES);
        }
        Trigger trigger = trigger(fields, word);
        Action action = actions.read(word, fields, trigger);
        Optional<Duration> lasts = action.mayLast() ? fields.positiveTime("for") : Optional.empty();
        fields.finish(" with do = " + word);
        return new ScenarioEvent(index, trigger, action, lasts, fields.place());
    }

    /** Exactly one of {@code at}, {@code step}, {@code when} and {@code every}; a trace has its own times. */
    private Trigger trigger(Fields fields, String word) {
        List<String> given = List.of("at", "step", "when", "every").stream()
                .filter(fields::has)
                .toList();
        if (word.equals(ActionReader.CHURN)) {
            if (!given.isEmpty()) {
                throw fields.wrong(given.getFirst(), "a trace has its own times");
            }
            return new Trigger.OwnTimes();
        }
        if (given.size() != 1) {
            throw fields.wrong("expected one of at, step, when and every, found "
                    + (given.isEmpty() ? "none" : String.join(" and ", given)));
        }
        return switch (given.getFirst()) {
            case "at" -> new Trigger.At(within(fields, "at").orElseThrow());
            case "step" -> new Trigger.AtStep(step(fields));
            case "when" -> new Trigger.When(predicate(fields));
            default -> every(fields);
        };
    }

    private long step(Fields fields) {
        long step = fields.whole("step", 0, Long.MAX_VALUE).orElseThrow();
        if (world.steps().isPresent() && step >= world.steps().get()) {
            throw fields.wrong(
                    "step",
                    "the run ends after " + world.steps().get() + " steps, the last is "
                            + (world.steps().get() - 1));
        }
        return step;
    }

    private Predicate predicate(Fields fields) {
        try {
            return Predicate.parse(fields.required("when", "a condition such as \"step >= 3\""));
        } catch (PredicateException e) {
            throw fields.wrong("when", e.getMessage());
        }
    }

    private Trigger every(Fields fields) {
        Duration period = fields.positiveTime("every").orElseThrow();
        if (period.compareTo(SHORTEST_PERIOD) < 0) {
            throw fields.unfit("every", "at least " + Durations.text(SHORTEST_PERIOD));
        }
        Duration from = within(fields, "from").orElse(Duration.ZERO);
        Optional<Duration> until = fields.positiveTime("until");
        if (until.isPresent() && until.get().compareTo(from) <= 0) {
            throw fields.wrong("until", "expected a time after from (" + Durations.text(from) + ")");
        }
        return new Trigger.Every(period, from, until);
    }

    private Optional<Duration> within(Fields fields, String key) {
        Optional<Duration> time = fields.time(key);
        if (time.isPresent()
                && world.duration().isPresent()
                && time.get().compareTo(world.duration().get()) >= 0) {
            throw fields.wrong(
                    key, "the run ends after " + Durations.text(world.duration().get()));
        }
        return time;
    }

    /** A node that is not there at the start and that no event brings is a mistake. */
    private void checkNamed(ScenarioEvent event, List<ScenarioEvent> all) {
        Stream<Target.Filter> filters = event.action() instanceof Action.Partition cut
                ? Stream.concat(cut.first().anyOf().stream(), cut.second().anyOf().stream())
                : event.action().befalls().stream().flatMap(target -> target.filters().stream());
        filters.filter(Target.Named.class::isInstance)
                .flatMap(named -> ((Target.Named) named).nodes().stream())
                .forEach(node -> checkComes(node, event.place(), all));
        if (event.action() instanceof Action.Churn churn) {
            churn.changes().stream()
                    .filter(change -> !change.up())
                    .forEach(change -> checkComes(change.node(), change.place(), all));
        }
    }

    private void checkComes(String node, Place place, List<ScenarioEvent> all) {
        NodeGroup group = world.groupOf(node).orElseThrow();
        long joined = all.stream()
                .mapToLong(event -> event.action() instanceof Action.Join join
                                && join.group().equals(group.name())
                        ? event.trigger() instanceof Trigger.Every ? NodesReader.MOST_NODES : join.count()
                        : 0)
                .sum();
        boolean traced = all.stream()
                .anyMatch(event -> event.action() instanceof Action.Churn churn
                        && churn.changes().stream()
                                .anyMatch(change -> change.up() && change.node().equals(node)));
        if (group.number(node).orElseThrow() > group.initial().size() + joined && !traced) {
            throw new UserError(place + ": there is no node " + node + ": group " + group.name() + " has "
                    + group.initial().size() + " nodes at the start, and no event brings that one");
        }
    }

    /** More by chance than there can ever be is a mistake; fewer at the moment is not. */
    private void checkRandom(Fields fields, ScenarioEvent event, List<ScenarioEvent> all) {
        event.action().befalls().filter(target -> target.random().isPresent()).ifPresent(target -> {
            List<NodeGroup> groups = actions.targets().groups(target);
            long most = target.filters().stream()
                    .filter(Target.Named.class::isInstance)
                    .mapToLong(named -> ((Target.Named) named).nodes().size())
                    .min()
                    .orElseGet(() -> groups.stream()
                            .mapToLong(group -> group.initial().size() + joiners(group, all))
                            .sum());
            if (target.random().getAsInt() > most) {
                throw fields.wrong(
                        "target",
                        "expected at most random = " + most + ", there are no more "
                                + target.text().replaceFirst("^[0-9]+ of ", ""));
            }
        });
    }

    private static long joiners(NodeGroup group, List<ScenarioEvent> all) {
        return all.stream()
                .mapToLong(event -> switch (event.action()) {
                    case Action.Join join
                    when join.group().equals(group.name()) ->
                        event.trigger() instanceof Trigger.Every ? NodesReader.MOST_NODES : join.count();
                    case Action.Churn churn ->
                        churn.changes().stream()
                                .filter(Action.Churn.Change::up)
                                .map(Action.Churn.Change::node)
                                .filter(node -> group.number(node).isPresent()
                                        && !group.initial().contains(node))
                                .distinct()
                                .count();
                    default -> 0;
                })
                .sum();
    }
}
