package io.murmuration.faults.run;

import io.murmuration.actors.protocol.Member;
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
import io.murmuration.faults.injection.LinkProxies;
import io.murmuration.faults.scenario.Heal;
import io.murmuration.faults.scenario.NodeRole;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.simulation.compute.FolderStorage;
import io.murmuration.faults.simulation.world.LinkCount;
import io.murmuration.faults.simulation.world.TrafficClass;
import io.murmuration.faults.sockets.NodeProcesses.Running;
import io.murmuration.faults.sockets.Seen;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * One run of a scenario in processes of this machine, in time of the wall. Its time begins when the run does: until then
 * processes start, which takes simulated ones no time. The same observers look on as in a simulation, at what the processes
 * write down ({@link io.murmuration.faults.sockets.NodeTrace}).
 */
final class SocketRun {

    /** Processes that take so long to begin a run never will: a JVM starts in seconds, also where many do at once. */
    private static final Duration BEGINNING = Duration.ofMinutes(6);

    /** As in a simulation: no step for so long, then everything is healed, and then nobody waits any longer. */
    private static final Duration STANDSTILL = Duration.ofMinutes(2);

    /** How long the processes of a run that is over may take to end by themselves. */
    private static final Duration ENDING = Duration.ofSeconds(20);

    /** So late may a thread write down what it has seen before; what comes still later is told when it comes. */
    private static final long SETTLED = Duration.ofMillis(20).toNanos();

    private static final long PAUSE_MILLIS = 10;

    /** Exit code of a process that SIGKILL has ended. */
    private static final int KILLED = 128 + 9;

    private final Scenario scenario;
    private final Measurements measurements;
    private final NothingLost lost = new NothingLost();
    private final Progress progress;
    private final List<Check> checks;
    private final RunTracker tracker;
    private final Observers observers;
    private final Consumer<Seen> raw;
    private final WallClock clock = new WallClock();
    private final InOrder order = new InOrder();
    private final SocketSwarm swarm;
    private final Nemesis nemesis;
    private final Set<String> knowing = new TreeSet<>();
    private final Map<String, Long> controlSent = new TreeMap<>();
    private final List<String> notes = new ArrayList<>();
    private long lastCommit;
    private long healedAt = -1;
    private boolean over;

    private SocketRun(Scenario scenario, Path folder, boolean tls, List<Observer> others, Consumer<Seen> raw) {
        this.scenario = scenario;
        this.raw = raw;
        this.measurements = new Measurements(
                scenario.settings().swarm().stages(),
                OneRun::ofCoordinator,
                OneRun.networkFaults(scenario)::contains,
                scenario.duration());
        this.progress = new Progress(scenario.liveness());
        this.checks =
                List.of(new ExactlyOnce(), new ReplicaDigests(), lost, new RosterMonotone(), progress, new Bounded());
        this.swarm = new SocketSwarm(scenario, clock, folder, tls, this::gone);
        this.tracker = new RunTracker(swarm::isUp);
        scenario.groups().forEach(group -> group.initial().forEach(node -> tracker.add(node, group)));
        List<Observer> all = new ArrayList<>(List.of(tracker, measurements));
        all.addAll(checks);
        all.addAll(others);
        this.observers = new Observers(all);
        this.nemesis = new Nemesis(scenario, swarm, tracker, new Later());
    }

    /**
     * Runs it.
     *
     * @param folder for everything that the processes write; one per run
     * @param tls whether everything between nodes is encrypted
     * @param others who look on besides
     * @param raw told what the processes have written down, before anybody else
     */
    static Outcome of(Scenario scenario, Path folder, boolean tls, List<Observer> others, Consumer<Seen> raw) {
        SocketRun run = new SocketRun(scenario, folder, tls, others, raw);
        try (run.swarm) {
            run.live();
            return run.outcome();
        }
    }

    private void live() {
        swarm.bootInTurn(scenario.groups().stream()
                .flatMap(group -> group.initial().stream())
                .toList());
        long started = System.nanoTime();
        while (!clock.begun()) {
            turn();
            if (System.nanoTime() - started > BEGINNING.toNanos() || swarm.nobodyIsUp()) {
                progress.stoodStill(0, Duration.ofNanos(System.nanoTime() - started));
                notes.add("the run never began");
                return;
            }
        }
        nemesis.begin();
        while (!over && !finished()) {
            turn();
            nemesis.look();
            if (nemesis.healed() && healedAt < 0) {
                healedAt = clock.now();
            }
        }
        long end = clock.now();
        for (long until = System.nanoTime() + ENDING.toNanos(); over && System.nanoTime() < until; ) {
            if (swarm.nobodyIsUp()) {
                break;
            }
            turn();
        }
        order.tell(Long.MAX_VALUE);
        observers.over(Math.max(end, lastCommit));
    }

    /** Whether nothing is waited for any longer. */
    private boolean finished() {
        long now = clock.now();
        if (scenario.duration().isPresent()) {
            long end = scenario.duration().get().toNanos();
            boolean waits = nemesis.healed() && measurements.progressAfterHeal().isEmpty();
            return now >= end + (waits ? scenario.liveness().toNanos() : 0);
        }
        long still = now - Math.max(lastCommit, healedAt);
        if (still < STANDSTILL.toNanos()
                || (!nemesis.healed()
                        && now < scenario.healing().map(Duration::toNanos).orElse(0L))) {
            return false;
        }
        if (!nemesis.healed() && !(scenario.heal() instanceof Heal.Never)) {
            notes.add("nothing was committed for " + STANDSTILL.toMinutes() + " minutes: healed at "
                    + Duration.ofNanos(now).toSeconds() + " s");
            nemesis.heal();
            healedAt = now;
            return false;
        }
        if (scenario.heal() instanceof Heal.Never) {
            progress.stoodStill(now, STANDSTILL);
        }
        return true;
    }

    /** Hears what happened, and does what is due. */
    private void turn() {
        long until = System.nanoTime() - SETTLED;
        swarm.processes().forEach(this::hear);
        swarm.look();
        order.tell(until);
        clock.tick();
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while a scenario runs", e);
        }
    }

    private void hear(Running running) {
        for (Seen seen : running.trace().read()) {
            if (seen instanceof Seen.Told(long nanos, RunEvent.Started started)) {
                clock.begin(nanos);
            }
            order.happened(seen.nanos(), () -> tell(running.node(), seen));
        }
    }

    private void tell(String node, Seen seen) {
        long time = clock.at(seen.nanos());
        raw.accept(seen);
        switch (seen) {
            case Seen.Life life -> forget(node, time);
            case Seen.Sent sent -> {
                controlSent.merge(node, 1L, Long::sum);
                observers.sent(time, sent.envelope());
            }
            case Seen.Delivered delivered -> {
                if (OneRun.ofCoordinator(delivered.envelope().from())) {
                    knowing.add(node);
                }
                observers.delivered(time, delivered.envelope());
            }
            case Seen.Told told -> told(time, told.event());
            case Seen.Computed computed ->
                observers.computed(
                        time,
                        computed.owner(),
                        computed.work().task(),
                        computed.work().outcome(),
                        computed.busyNanos());
        }
    }

    /** A life of a node is over: its process has ended, or goes on in another one because the others have removed it. */
    private void forget(String node, long time) {
        boolean knew = knowing.remove(node);
        tracker.ended(node).forEach(member -> observers.ended(time, member));
        if (knew && knowing.isEmpty() && !over) {
            observers.forgotten(time);
        }
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

    /** A process has ended; everything it has written is there. */
    private void gone(String node, Running running) {
        hear(running);
        long nanos = System.nanoTime();
        order.happened(nanos, () -> forget(node, clock.at(nanos)));
        int exit = running.process().exitValue();
        if (exit != 0 && exit != KILLED) {
            notes.add("node " + node + " ended by itself with exit code " + exit + ": " + running.lastWords());
        }
    }

    private Outcome outcome() {
        notes.addAll(nemesis.remarks());
        measurements.failed().ifPresent(reason -> notes.add("the run failed: " + reason));
        notes.addAll(measurements.remarks());
        List<LinkCount> links = new ArrayList<>();
        for (LinkProxies.Bytes bytes : swarm.bytes()) {
            links.add(count(bytes, TrafficClass.CONTROL, bytes.control()));
            links.add(count(bytes, TrafficClass.BULK, bytes.data()));
        }
        return new Outcome(measurements, checks, lost, checkpoint(), links, controlSent, Optional.empty(), 0, notes);
    }

    private static LinkCount count(LinkProxies.Bytes bytes, TrafficClass traffic, long count) {
        return new LinkCount(bytes.from(), bytes.to(), traffic, 0, count, 0, 0, 0, 0);
    }

    private Optional<Path> checkpoint() {
        long version = lost.version();
        for (String node : scenario.initial(NodeRole.COORDINATOR)) {
            FolderStorage stored = swarm.storage(node);
            if (stored.intact().contains(version)) {
                return stored.store().all().stream()
                        .filter(path -> path.getFileName().toString().matches(".*-0*" + version))
                        .findFirst();
            }
        }
        return Optional.empty();
    }

    /** What befalls the run is told among what happens on its nodes, in the order of their times. */
    private final class Later implements Observer {
        private void told(Consumer<Observer> what) {
            order.happened(System.nanoTime(), () -> what.accept(observers));
        }

        @Override
        public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
            told(each -> each.faultBegan(time, number, what, hit, lasting));
        }

        @Override
        public void faultEnded(long time, int number) {
            told(each -> each.faultEnded(time, number));
        }

        @Override
        public void healed(long time) {
            told(each -> each.healed(time));
        }
    }
}
