package io.murmuration.faults.run;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.protocol.Role;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.check.Bounded;
import io.murmuration.faults.check.Check;
import io.murmuration.faults.check.ExactlyOnce;
import io.murmuration.faults.check.Measurements;
import io.murmuration.faults.check.NothingLost;
import io.murmuration.faults.check.Observer;
import io.murmuration.faults.check.Progress;
import io.murmuration.faults.check.ReplicaDigests;
import io.murmuration.faults.check.RosterMonotone;
import io.murmuration.faults.scenario.Action;
import io.murmuration.faults.scenario.ComputeMode;
import io.murmuration.faults.scenario.Heal;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.ScenarioEvent;
import io.murmuration.faults.simulation.ComputeTap;
import io.murmuration.faults.simulation.ControlTap;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.NodePath;
import io.murmuration.faults.simulation.NodeSpec;
import io.murmuration.faults.simulation.Simulation;
import io.murmuration.faults.simulation.SimulationPlan;
import io.murmuration.faults.simulation.Taps;
import io.murmuration.faults.simulation.compute.FolderStorage;
import io.murmuration.faults.simulation.world.Death;
import io.murmuration.faults.simulation.world.DiskFault;
import io.murmuration.faults.simulation.world.MachineListener;
import io.murmuration.faults.simulation.world.WorldSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** One simulated run of a scenario, watched from its first event to its last. */
final class OneRun {

    /**
     * Where a scenario has no duration: when nothing was committed for so long, all faults are healed, unless they never
     * are; and when nothing was committed for so long after that, nobody waits any longer. Virtual time.
     */
    static final Duration STANDSTILL = Duration.ofMinutes(10);

    /** How long a run that has a duration may take to end at its next step boundary. Virtual time. */
    private static final Duration ENDING = Duration.ofMinutes(2);

    /** How often queues and memories are looked at. Virtual time. */
    private static final Duration SAMPLING = Duration.ofSeconds(1);

    private final Scenario scenario;
    private final Measurements measurements;
    private final NothingLost lost = new NothingLost();
    private final Progress progress;
    private final List<Check> checks;
    private final Map<Member, Long> busy = new TreeMap<>();
    private final RunTracker tracker;
    private final Observers observers;
    private final SimulatedSwarm swarm;
    private final Nemesis nemesis;
    private final Levels levels;
    private final Wiring wiring;
    /** Nodes that have heard of a coordinator in their present life. */
    private final Set<String> knowing = new TreeSet<>();

    private final List<String> notes = new ArrayList<>();
    private long lastCommit;
    private long healedAt = -1;
    private long nextSample;
    private boolean over;

    private OneRun(
            Scenario scenario, Path folder, int threads, List<Observer> others, Wiring wiring, WorldSettings settings) {
        this.scenario = scenario;
        this.wiring = wiring;
        this.measurements = new Measurements(
                scenario.settings().swarm().stages(),
                OneRun::ofCoordinator,
                networkFaults(scenario)::contains,
                scenario.duration());
        this.progress = new Progress(scenario.liveness());
        this.checks =
                List.of(new ExactlyOnce(), new ReplicaDigests(), lost, new RosterMonotone(), progress, new Bounded());
        List<NodeSpec> nodes = SimulatedSwarm.nodes(scenario);
        SimulationPlan plan = scenario.compute() == ComputeMode.REAL
                ? SimulationPlan.real(scenario.settings(), nodes, threads, folder)
                : SimulationPlan.modelled(scenario.settings(), nodes);
        this.swarm = new SimulatedSwarm(
                scenario, plan, new Taps(this::seen, new Computing(), new Talking()), wiring, settings);
        this.levels = new Levels(scenario, swarm);
        this.tracker = new RunTracker(swarm::isUp);
        scenario.groups().forEach(group -> group.initial().forEach(node -> tracker.add(node, group)));
        List<Observer> all = new ArrayList<>(List.of(tracker, measurements, levels.memory()));
        all.addAll(checks);
        all.addAll(others);
        this.observers = new Observers(all);
        this.nemesis = new Nemesis(scenario, swarm, tracker, observers);
        swarm.machines().listen(new Watching());
    }

    /**
     * Runs it.
     *
     * @param folder for checkpoints; one per run
     * @param threads that compute; real numbers only
     * @param others who look on besides
     */
    static Outcome of(Scenario scenario, Path folder, int threads, List<Observer> others) {
        return of(scenario, folder, threads, others, Wiring.STRAIGHT);
    }

    /** As above, in a world of other settings. */
    static Outcome of(Scenario scenario, Path folder, int threads, List<Observer> others, WorldSettings settings) {
        return of(scenario, folder, threads, others, Wiring.STRAIGHT, settings);
    }

    /** As above, with a bug planted. */
    static Outcome of(Scenario scenario, Path folder, int threads, List<Observer> others, Wiring wiring) {
        return of(scenario, folder, threads, others, wiring, WorldSettings.DEFAULT);
    }

    private static Outcome of(
            Scenario scenario, Path folder, int threads, List<Observer> others, Wiring wiring, WorldSettings settings) {
        OneRun run = new OneRun(scenario, folder, threads, others, wiring, settings);
        try (run.swarm) {
            run.start();
            run.live();
            return run.outcome();
        }
    }

    static boolean ofCoordinator(Member member) {
        return member.peer().name().endsWith(":" + Role.COORDINATOR.name().toLowerCase(Locale.ROOT));
    }

    /** Faults of the network as their events describe them; they name no nodes. */
    static Set<String> networkFaults(Scenario scenario) {
        return scenario.events().stream()
                .filter(event -> event.action() instanceof Action.Partition || event.action() instanceof Action.Link)
                .map(ScenarioEvent::text)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void start() {
        nemesis.begin();
        swarm.loop().schedule(0, Source.world("start"), () -> scenario.groups()
                .forEach(group -> group.initial().forEach(swarm::boot)));
    }

    private void live() {
        Simulation simulation = swarm.simulation();
        if (scenario.duration().isPresent()) {
            long end = scenario.duration().get().toNanos();
            simulation.run(end, this::looked);
            if (!over && nemesis.healed() && measurements.progressAfterHeal().isEmpty()) {
                simulation.run(
                        Math.max(end, swarm.loop().now()) + scenario.liveness().toNanos(),
                        () -> looked() || measurements.progressAfterHeal().isPresent());
            }
            if (!over) {
                simulation.stopRun();
                simulation.run(swarm.loop().now() + ENDING.toNanos(), this::looked);
            }
        } else {
            untilItStandsStill(simulation);
        }
        observers.over(swarm.loop().now());
    }

    private void untilItStandsStill(Simulation simulation) {
        long still = STANDSTILL.toNanos();
        while (!over) {
            long since = Math.max(lastCommit, healedAt);
            // A scenario that says when it heals has a right to what it does until then.
            long limit = nemesis.healed()
                    ? since + still
                    : Math.max(
                            since + still,
                            scenario.healing().map(Duration::toNanos).orElse(0L));
            simulation.run(limit, this::looked);
            long now = swarm.loop().now();
            if (!over && now >= limit && now - Math.max(lastCommit, healedAt) >= still) {
                if (nemesis.healed()) {
                    break;
                }
                if (scenario.heal() instanceof Heal.Never) {
                    progress.stoodStill(now, STANDSTILL);
                    break;
                }
                notes.add("nothing was committed for " + STANDSTILL.toMinutes() + " minutes: healed at "
                        + Duration.ofNanos(now).toSeconds() + " s");
                nemesis.heal();
                healedAt = now;
            }
        }
    }

    private boolean looked() {
        if (swarm.loop().now() >= nextSample) {
            // No event of the loop: to look changes nothing.
            observers.sampled(swarm.loop().now(), levels.now());
            nextSample = swarm.loop().now() + SAMPLING.toNanos();
        }
        nemesis.look();
        if (nemesis.healed() && healedAt < 0) {
            healedAt = swarm.loop().now();
        }
        return over;
    }

    private Outcome outcome() {
        notes.addAll(nemesis.remarks());
        if (scenario.duration().isPresent() && scenario.heal() instanceof Heal.Never) {
            measurements
                    .standstill(scenario.liveness())
                    .ifPresent(still -> notes.add("nothing was committed in the last "
                            + Duration.ofNanos(still).toSeconds() + " s of the scenario"));
        }
        measurements.failed().ifPresent(reason -> notes.add("the run failed: " + reason));
        notes.addAll(measurements.remarks());
        return new Outcome(
                measurements,
                checks,
                lost,
                checkpoint(),
                swarm.network().counts(),
                swarm.network().controlSent(),
                Optional.of(swarm.loop().historyHash()),
                swarm.loop().ran(),
                notes);
    }

    /** The newest checkpoint of the version in place, on whatever disk it is sound. */
    private Optional<Path> checkpoint() {
        if (scenario.compute() != ComputeMode.REAL) {
            return Optional.empty();
        }
        long version = lost.version();
        for (NodeSpec node : SimulatedSwarm.nodes(scenario)) {
            if (node.roles().contains(Role.COORDINATOR)
                    && swarm.simulation().storage(node.name()) instanceof FolderStorage stored
                    && stored.intact().contains(version)) {
                return stored.store().all().stream()
                        .filter(path -> path.getFileName().toString().matches(".*-0*" + version))
                        .findFirst();
            }
        }
        return Optional.empty();
    }

    private void seen(Taps.Seen seen) {
        wiring.told(seen.event()).ifPresent(event -> told(seen.time(), event));
    }

    private void told(long time, RunEvent event) {
        switch (event) {
            case RunEvent.StepCommitted committed -> lastCommit = time;
            case RunEvent.Finished finished -> over = true;
            case RunEvent.Failed failed -> over = true;
            default -> {}
        }
        observers.told(time, event);
    }

    private final class Computing implements ComputeTap {
        @Override
        public void started(long time, Member owner, Compute.Task<?> task, long nanos) {
            busy.put(owner, nanos);
        }

        @Override
        public void ended(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome) {
            observers.computed(time, owner, task, outcome, busy.remove(owner));
        }
    }

    private final class Talking implements ControlTap {
        @Override
        public void sent(long time, Envelope envelope) {
            observers.sent(time, envelope);
        }

        @Override
        public void received(long time, Envelope envelope) {
            if (ofCoordinator(envelope.from())) {
                knowing.add(RunTracker.nodeOf(envelope.to()));
            }
            observers.delivered(time, envelope);
        }

        @Override
        public void refused(long time, DataFrame frame, Refusal refusal) {
            observers.refused(time, frame, refusal);
        }
    }

    private final class Watching implements MachineListener {
        @Override
        public void stopped(String node, long life, Death death) {
            levels.memory().gone(node);
            boolean knew = knowing.remove(node);
            tracker.ended(node).forEach(member -> observers.ended(swarm.loop().now(), member));
            if (knew && knowing.isEmpty()) {
                observers.forgotten(swarm.loop().now());
            }
        }

        @Override
        public void disk(String node, DiskFault fault, long chance) {
            if (fault != DiskFault.FULL) {
                lost.diskHit(NodePath.peer(node, Role.KEEPER));
            }
        }
    }
}
