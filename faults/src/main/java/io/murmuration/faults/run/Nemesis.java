package io.murmuration.faults.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.LinkChange;
import io.murmuration.faults.scenario.Links;
import io.murmuration.faults.scenario.NodeGroup;
import io.murmuration.faults.scenario.PartitionMode;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.scenario.TargetChoice;
import io.murmuration.faults.scenario.Trigger;
import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.DiskFault;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.Network;
import io.murmuration.faults.simulation.world.Pair;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

/** Carries out a scenario's events against its nodes, and ends what lasts. */
final class Nemesis {

    /** A fault in force. */
    private final class Running {
        private final int number;
        private final List<Healing> healings = new ArrayList<>();
        private final Reach reach;
        private boolean over;

        private Running(int number, Healing healing, Reach reach) {
            this.number = number;
            this.healings.add(healing);
            this.reach = reach;
        }

        private void appeared(String node) {
            healings.add(reach.on(node));
        }

        private void end() {
            if (!over) {
                over = true;
                running.remove(this);
                healings.forEach(Healing::heal);
                observer.faultEnded(scene.now(), number);
            }
        }
    }

    /** What a fault in force does to a node that comes while it lasts. */
    private interface Reach {
        Reach NONE = node -> () -> {};

        Healing on(String node);
    }

    private final Scenario scenario;
    private final Scene scene;
    private final RunTracker tracker;
    private final Observer observer;
    private final Set<Running> running = new LinkedHashSet<>();
    private final Map<Integer, Long> occurrences = new TreeMap<>();
    /** Events that wait for a step or a condition. */
    private final List<ScenarioEvent> waiting = new ArrayList<>();
    /** Nodes that were killed and are to be started when everything is healed. */
    private final Set<String> killed = new LinkedHashSet<>();

    /** Nodes that are down by a trace, with the number of that fault. */
    private final Map<String, Integer> traced = new TreeMap<>();

    private final Map<String, Integer> highest = new TreeMap<>();
    /** Events that have happened at least once, by their index. */
    private final Set<Integer> happened = new TreeSet<>();

    private final List<String> remarks = new ArrayList<>();
    private boolean healed;
    private int faults;

    Nemesis(Scenario scenario, Scene scene, RunTracker tracker, Observer observer) {
        this.scenario = scenario;
        this.scene = scene;
        this.tracker = tracker;
        this.observer = observer;
        scenario.groups()
                .forEach(group -> highest.put(group.name(), group.initial().size()));
    }

    /** Puts everything that has a time on the loop. */
    void begin() {
        for (ScenarioEvent event : scenario.events()) {
            switch (event.trigger()) {
                case Trigger.At(Duration time) -> at(time, event, () -> happen(event));
                case Trigger.Every every -> at(every.from(), event, () -> again(event, every));
                case Trigger.OwnTimes times -> {
                    Action.Churn churn = (Action.Churn) event.action();
                    churn.changes()
                            .forEach(change -> at(change.time(), event, () -> {
                                happened.add(event.index());
                                change(change);
                            }));
                }
                case Trigger.AtStep step -> waiting.add(event);
                case Trigger.When when -> waiting.add(event);
            }
        }
        scenario.healing().ifPresent(time -> scene.schedule(time.toNanos(), "heal", this::heal));
    }

    private void at(Duration time, ScenarioEvent event, Runnable action) {
        scene.schedule(time.toNanos() - scene.now(), "event/" + event.index(), () -> {
            if (!healed) {
                action.run();
            }
        });
    }

    private void again(ScenarioEvent event, Trigger.Every every) {
        happen(event);
        Duration next = Duration.ofNanos(scene.now()).plus(every.period());
        if (every.until().map(end -> next.compareTo(end) < 0).orElse(true)) {
            at(next, event, () -> again(event, every));
        }
    }

    /** After anything has happened: what waited for it. */
    void look() {
        if (healed || waiting.isEmpty()) {
            healAtStep();
            return;
        }
        for (ScenarioEvent event : List.copyOf(waiting)) {
            boolean due =
                    switch (event.trigger()) {
                        case Trigger.AtStep(long step) -> tracker.step() >= step;
                        case Trigger.When(var predicate) -> predicate.holds(tracker);
                        default -> false;
                    };
            if (due) {
                waiting.remove(event);
                happen(event);
            }
        }
        healAtStep();
    }

    /** Not before the last event that has a time of its own, unless the last step is open. */
    private void healAtStep() {
        boolean last = scene.now() >= scenario.lastTime().toNanos()
                || scenario.steps().filter(count -> tracker.step() >= count - 1).isPresent();
        if (!healed
                && last
                && scenario.healingStep().filter(step -> tracker.step() >= step).isPresent()) {
            heal();
        }
    }

    /** What a reader should know of events that were not what the file says: they never happened, or befell nobody. */
    List<String> remarks() {
        List<String> all = new ArrayList<>(remarks);
        for (ScenarioEvent event : scenario.events()) {
            if (!happened.contains(event.index())) {
                all.add(event.place() + " never happened: " + event.trigger().text() + ": " + event.text());
            }
        }
        return all;
    }

    boolean healed() {
        return healed;
    }

    /** Ends every fault and starts what was killed. */
    void heal() {
        if (healed) {
            return;
        }
        healed = true;
        healNow();
        observer.healed(scene.now());
    }

    private void healNow() {
        List.copyOf(running).forEach(Running::end);
        scene.healAll();
        List<String> down = List.copyOf(killed);
        killed.clear();
        down.forEach(scene::boot);
        traced.values().forEach(number -> observer.faultEnded(scene.now(), number));
        traced.clear();
    }

    // ---- what happens -------------------------------------------------------------------------------------------

    private void happen(ScenarioEvent event) {
        long occurrence = occurrences.merge(event.index(), 1L, Long::sum) - 1;
        List<String> nodes = event.action()
                .befalls()
                .map(target -> TargetChoice.choose(target, scenario.seed(), event.index(), occurrence, tracker))
                .orElse(List.of());
        happened.add(event.index());
        if (event.action().befalls().isPresent() && nodes.isEmpty()) {
            remarks.add(event.place() + " befell nobody: " + event.trigger().text() + ": " + event.text());
            return;
        }
        switch (event.action()) {
            case Action.Kill kill -> {
                begin(event, nodes, true, () -> revive(nodes));
                nodes.forEach(this::kill);
            }
            case Action.Restart restart -> {
                begin(event, nodes, true, () -> revive(nodes));
                nodes.forEach(this::kill);
                if (event.lasts().isEmpty()) {
                    revive(nodes);
                }
            }
            case Action.Pause pause -> {
                List<Healing> healings = nodes.stream().map(scene::pause).toList();
                begin(event, nodes, true, () -> healings.forEach(Healing::heal));
            }
            case Action.Slow slow -> {
                List<Healing> healings = nodes.stream()
                        .map(node -> scene.slow(node, slow.factor()))
                        .toList();
                begin(event, nodes, false, () -> healings.forEach(Healing::heal));
            }
            case Action.Leave leave -> {
                begin(event, nodes, true, () -> {});
                nodes.forEach(scene::leave);
            }
            case Action.Disk disk -> disk(event, nodes, disk);
            case Action.Clock clock -> {
                List<Healing> healings = nodes.stream()
                        .map(node -> scene.skew(node, clock.skew()))
                        .toList();
                begin(event, nodes, false, () -> healings.forEach(Healing::heal));
            }
            case Action.Partition cut -> partition(event, cut);
            case Action.Link link -> link(event, link);
            case Action.Join join -> join(event, join);
            case Action.HealAll all -> {
                begin(event, List.of(), false, () -> {});
                healNow();
            }
            case Action.Churn churn -> throw new IllegalStateException("a trace brings its own times");
        }
    }

    /** @param takes whether the nodes are lost to the run, if only for a while */
    private void begin(ScenarioEvent event, List<String> nodes, boolean takes, Healing healing) {
        begin(event, nodes, takes, healing, Reach.NONE);
    }

    private void begin(ScenarioEvent event, List<String> nodes, boolean takes, Healing healing, Reach reach) {
        int number = faults++;
        List<Member> hit = takes
                ? nodes.stream().flatMap(node -> tracker.members(node).stream()).toList()
                : List.of();
        String whom = nodes.isEmpty() ? "" : " (" + String.join(", ", nodes) + ")";
        // A restart that names no time is one that is over at once.
        boolean lasting = event.action().mayLast()
                && !(event.action() instanceof Action.Restart && event.lasts().isEmpty());
        observer.faultBegan(scene.now(), number, event.text() + whom, hit, lasting);
        Running fault = new Running(number, healing, reach);
        if (lasting) {
            running.add(fault);
        }
        event.lasts().ifPresent(time -> scene.schedule(time.toNanos(), "end/" + event.index(), fault::end));
    }

    private void kill(String node) {
        killed.add(node);
        scene.kill(node);
    }

    private void revive(List<String> nodes) {
        nodes.stream().filter(killed::remove).forEach(scene::boot);
    }

    private void disk(ScenarioEvent event, List<String> nodes, Action.Disk disk) {
        DiskFault fault =
                switch (disk.fault()) {
                    case FULL -> DiskFault.FULL;
                    case BITFLIP -> DiskFault.BITFLIP;
                    case TRUNCATE -> DiskFault.TRUNCATE;
                };
        List<Healing> healings =
                nodes.stream().map(node -> scene.disk(node, fault)).toList();
        begin(event, nodes, false, () -> healings.forEach(Healing::heal));
    }

    private void partition(ScenarioEvent event, Action.Partition cut) {
        Block block =
                switch (cut.mode()) {
                    case DROP, ONE_WAY -> Block.DROP;
                    case BLACK_HOLE -> Block.BLACK_HOLE;
                    case REJECT -> Block.REJECT;
                    case RESET -> Block.RESET;
                };
        begin(event, List.of(), false, scene.cut(pairs(cut), block), node -> scene.cut(of(node, pairs(cut)), block));
    }

    private List<Pair> pairs(Action.Partition cut) {
        List<String> first = TargetChoice.side(cut.first(), tracker);
        List<String> second = TargetChoice.side(cut.second(), tracker);
        return cut.mode() == PartitionMode.ONE_WAY ? Network.oneWay(first, second) : Network.between(first, second);
    }

    private static List<Pair> of(String node, List<Pair> pairs) {
        return pairs.stream()
                .filter(pair -> pair.from().equals(node) || pair.to().equals(node))
                .toList();
    }

    private void link(ScenarioEvent event, Action.Link link) {
        begin(event, List.of(), false, change(link, pairs -> pairs), node -> change(link, pairs -> of(node, pairs)));
    }

    private Healing change(Action.Link link, UnaryOperator<List<Pair>> which) {
        List<Healing> healings = new ArrayList<>();
        for (Map.Entry<Links.Pair, LinkChange> change : link.changes().entrySet()) {
            Links.Pair regions = change.getKey();
            List<Pair> pairs = Network.oneWay(scene.inRegion(regions.from()), scene.inRegion(regions.to()));
            healings.add(scene.change(which.apply(pairs), model -> WorldLinks.changed(model, change.getValue())));
        }
        return () -> healings.forEach(Healing::heal);
    }

    private void join(ScenarioEvent event, Action.Join join) {
        NodeGroup group = scenario.group(join.group()).orElseThrow();
        List<String> nodes = new ArrayList<>();
        for (int each = 0; each < join.count(); each++) {
            nodes.add(group.node(highest.merge(group.name(), 1, Integer::sum)));
        }
        nodes.forEach(node -> {
            appear(node, group);
            scene.boot(node);
        });
        begin(event, nodes, false, () -> {
            if (event.lasts().isPresent()) {
                nodes.forEach(this::kill);
            }
        });
    }

    /** A node is there that was not there before; what is wrong with links is wrong with its links too. */
    private void appear(String node, NodeGroup group) {
        if (scene.add(node, group)) {
            tracker.add(node, group);
            List.copyOf(running).forEach(fault -> fault.appeared(node));
        }
    }

    private void change(Action.Churn.Change change) {
        if (change.up()) {
            killed.remove(change.node());
            if (traced.remove(change.node()) instanceof Integer number) {
                observer.faultEnded(scene.now(), number);
            }
            scenario.groups().stream()
                    .filter(group -> group.number(change.node()).isPresent())
                    .findFirst()
                    .ifPresent(group -> appear(change.node(), group));
            if (!scene.isUp(change.node())) {
                scene.boot(change.node());
            }
        } else if (tracker.knows(change.node()) && scene.isUp(change.node())) {
            int number = faults++;
            traced.put(change.node(), number);
            observer.faultBegan(
                    scene.now(), number, "churn: down " + change.node(), tracker.members(change.node()), true);
            kill(change.node());
        }
    }
}
