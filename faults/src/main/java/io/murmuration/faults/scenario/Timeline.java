package io.murmuration.faults.scenario;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What will happen, as far as it is known before the run: events with a time in their order, with the nodes that chance
 * draws, and then those that wait for a step or a condition.
 *
 * <p>Who is up is followed through the events with a time. An event that waits may kill somebody before that; then chance
 * draws the next in its queue.
 */
public final class Timeline {

    /** Most moments of one recurring event that are listed one by one. */
    public static final int MOST_OCCURRENCES = 100;

    /**
     * One line.
     *
     * @param time when, if that is known
     * @param when when, in words
     * @param nodes those it befalls, if that is known
     */
    public record Entry(Optional<Duration> time, String when, String what, List<String> nodes, Optional<Place> place) {}

    private record Due(
            Duration time, int order, ScenarioEvent event, long occurrence, Optional<Action.Churn.Change> change) {}

    private record Revival(Duration time, List<String> nodes, boolean up) {}

    private final Scenario scenario;
    private final TreeMap<String, SwarmView.Node> nodes = new TreeMap<>(Comparator.comparing(Timeline::orderOf));
    private final PriorityQueue<Revival> revivals = new PriorityQueue<>(Comparator.comparing(Revival::time));
    private final TreeSet<String> killed = new TreeSet<>();
    private final List<Entry> entries = new ArrayList<>();

    private Timeline(Scenario scenario) {
        this.scenario = scenario;
        for (NodeGroup group : scenario.groups()) {
            group.initial().forEach(name -> nodes.put(name, new SwarmView.Node(name, group, true)));
        }
    }

    /** The timeline of a scenario. */
    public static List<Entry> of(Scenario scenario) {
        Timeline timeline = new Timeline(scenario);
        timeline.known();
        timeline.waiting();
        return List.copyOf(timeline.entries);
    }

    private void known() {
        List<Due> all = new ArrayList<>();
        for (ScenarioEvent event : scenario.events()) {
            switch (event.trigger()) {
                case Trigger.At(Duration time) -> all.add(due(time, event, 0));
                case Trigger.Every every -> {
                    Duration time = every.from();
                    for (long i = 0; i < MOST_OCCURRENCES && before(time, every); i++) {
                        all.add(due(time, event, i));
                        time = time.plus(every.period());
                    }
                    if (before(time, every)) {
                        entries.add(new Entry(
                                Optional.of(time),
                                "from " + Durations.text(time),
                                "... and so on: " + event.text(),
                                List.of(),
                                Optional.of(event.place())));
                    }
                }
                case Trigger.OwnTimes _
                when event.action() instanceof Action.Churn churn ->
                    churn.changes()
                            .forEach(change ->
                                    all.add(new Due(change.time(), event.index(), event, 0, Optional.of(change))));
                case Trigger.OwnTimes _, Trigger.AtStep _, Trigger.When _ -> {}
            }
        }
        all.sort(Comparator.comparing(Due::time).thenComparing(Due::order));
        Optional<Duration> healing = scenario.healing();
        for (Due due : all) {
            if (healing.isPresent() && due.time().compareTo(healing.get()) > 0) {
                healed();
                healing = Optional.empty();
            }
            happen(due);
        }
        scenario.healing()
                .ifPresent(time -> entries.add(new Entry(
                        Optional.of(time), Durations.text(time), "heal everything", List.of(), Optional.empty())));
        scenario.duration()
                .ifPresent(time -> entries.add(
                        new Entry(Optional.of(time), Durations.text(time), "end", List.of(), Optional.empty())));
        entries.sort(Comparator.comparing(entry -> entry.time().orElseThrow()));
    }

    private static Due due(Duration time, ScenarioEvent event, long occurrence) {
        return new Due(time, event.index(), event, occurrence, Optional.empty());
    }

    private boolean before(Duration time, Trigger.Every every) {
        Optional<Duration> end = every.until().or(scenario::healing).or(scenario::duration);
        // Without any end only the first is sure to be before it.
        return end.isPresent() ? time.compareTo(end.get()) < 0 : time.equals(every.from());
    }

    private void happen(Due due) {
        while (!revivals.isEmpty() && revivals.peek().time().compareTo(due.time()) <= 0) {
            Revival revival = revivals.remove();
            revival.nodes().forEach(node -> set(node, revival.up()));
        }
        ScenarioEvent event = due.event();
        String what = event.text();
        List<String> whom = List.of();
        if (due.change().isPresent()) {
            Action.Churn.Change change = due.change().get();
            what = change.up() ? "comes up (trace)" : "goes down (trace)";
            whom = List.of(change.node());
            set(change.node(), change.up());
        } else if (event.action() instanceof Action.Join join) {
            whom = join(join);
        } else if (event.action().befalls().isPresent()) {
            Target target = event.action().befalls().get();
            if (target.known()) {
                whom = TargetChoice.choose(target, scenario.seed(), event.index(), due.occurrence(), view());
            }
        }
        follow(event, due.time(), whom);
        Place place = due.change().map(Action.Churn.Change::place).orElse(event.place());
        entries.add(new Entry(Optional.of(due.time()), Durations.text(due.time()), what, whom, Optional.of(place)));
    }

    /** Who is up afterwards. */
    private void follow(ScenarioEvent event, Duration time, List<String> whom) {
        switch (event.action()) {
            case Action.Kill _ -> {
                whom.forEach(node -> set(node, false));
                killed.addAll(whom);
                event.lasts().ifPresent(lasts -> revivals.add(new Revival(time.plus(lasts), whom, true)));
            }
            case Action.Restart _ ->
                event.lasts().ifPresent(lasts -> {
                    whom.forEach(node -> set(node, false));
                    revivals.add(new Revival(time.plus(lasts), whom, true));
                });
            case Action.Leave _ -> whom.forEach(node -> set(node, false));
            case Action.Join _ ->
                event.lasts().ifPresent(lasts -> revivals.add(new Revival(time.plus(lasts), whom, false)));
            case Action.Pause _,
                    Action.Slow _,
                    Action.Disk _,
                    Action.Clock _,
                    Action.Partition _,
                    Action.Link _,
                    Action.Churn _ -> {}
            case Action.HealAll _ -> healed();
        }
    }

    private List<String> join(Action.Join join) {
        NodeGroup group = scenario.group(join.group()).orElseThrow();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < join.count(); i++) {
            int number = 1;
            while (nodes.containsKey(group.node(number))) {
                number++;
            }
            names.add(group.node(number));
            nodes.put(group.node(number), new SwarmView.Node(group.node(number), group, true));
        }
        return names;
    }

    private void healed() {
        killed.forEach(node -> set(node, true));
        killed.clear();
        revivals.removeIf(Revival::up);
    }

    private void set(String name, boolean up) {
        scenario.groups().stream()
                .filter(group -> group.number(name).isPresent())
                .findFirst()
                .ifPresent(group -> nodes.put(name, new SwarmView.Node(name, group, up)));
    }

    private SwarmView view() {
        return TargetChoice.atRest(nodes.values().stream());
    }

    private void waiting() {
        for (ScenarioEvent event : scenario.events()) {
            if (event.trigger() instanceof Trigger.AtStep || event.trigger() instanceof Trigger.When) {
                List<String> whom = event.action()
                        .befalls()
                        .filter(Target::known)
                        .filter(target -> target.random().isEmpty())
                        .map(target -> TargetChoice.choose(target, scenario.seed(), event.index(), 0, view()))
                        .orElse(List.of());
                entries.add(new Entry(
                        Optional.empty(), event.trigger().text(), event.text(), whom, Optional.of(event.place())));
            }
        }
        scenario.healingStep()
                .ifPresent(step -> entries.add(
                        new Entry(Optional.empty(), "step " + step, "heal everything", List.of(), Optional.empty())));
        scenario.steps()
                .ifPresent(count ->
                        entries.add(new Entry(Optional.empty(), count + " steps", "end", List.of(), Optional.empty())));
    }

    /** eu-2 before eu-10. */
    private static String orderOf(String node) {
        int dash = node.lastIndexOf('-');
        return node.substring(0, dash + 1)
                + "0".repeat(Math.max(0, 10 - (node.length() - dash)))
                + node.substring(dash + 1);
    }
}
