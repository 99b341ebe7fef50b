package io.murmuration.faults.simulation.world;

import io.murmuration.actors.port.Ticker;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.EventLoop.Verdict;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * The machines of a simulated world: which nodes live, in which life, how fast, with what clock and disk. It is the event
 * loop's gate: nothing happens at a dead node or in a life that is over, and what happens at a frozen one waits, in order,
 * until it goes on.
 */
public final class Machines implements EventLoop.Gate {

    private static final class Machine {
        private long life;
        private boolean up;
        private boolean hostUp = true;
        /** What freezes it; each entry is ended by its own healing. */
        private final List<Object> pauses = new ArrayList<>();

        private final List<Double> slowdowns = new ArrayList<>();
        /** How wrong its clock is, the newest last; that one counts. */
        private final List<Duration> skews = new ArrayList<>();

        private long skewNanos;
        private long jumpedNanos;
        private final List<Object> fillings = new ArrayList<>();

        private boolean paused() {
            return !pauses.isEmpty();
        }
    }

    private final EventLoop loop;
    private final SplittableRandom chance;
    private final Map<String, Machine> machines = new LinkedHashMap<>();
    private final List<MachineListener> listeners = new ArrayList<>();

    public Machines(EventLoop loop, long seed) {
        this.loop = loop;
        this.chance = Chances.stream(seed, "machines");
        loop.gate(this);
    }

    public void listen(MachineListener listener) {
        listeners.add(listener);
    }

    /** There is a machine for {@code node}; nothing runs on it yet. */
    public void add(String node) {
        if (node.isEmpty() || machines.putIfAbsent(node, new Machine()) != null) {
            throw new IllegalArgumentException("a node needs a name of its own, got '" + node + "'");
        }
    }

    // ---- what is ------------------------------------------------------------------------------------------------

    @Override
    public Verdict verdict(Source source) {
        Machine machine = machine(source.node());
        if (!machine.up || machine.life != source.life()) {
            return Verdict.DROP;
        }
        return machine.paused() ? Verdict.HOLD : Verdict.RUN;
    }

    /** All nodes in the order in which they were added. */
    public Set<String> nodes() {
        return java.util.Collections.unmodifiableSet(machines.keySet());
    }

    public boolean exists(String node) {
        return machines.containsKey(node);
    }

    public boolean up(String node) {
        return machine(node).up;
    }

    /** Its present life, or its last if it is dead; 0 if it was never started. */
    public long life(String node) {
        return machine(node).life;
    }

    public boolean lives(String node, long life) {
        Machine machine = machine(node);
        return machine.up && machine.life == life;
    }

    /** Neither dead nor frozen. */
    public boolean running(String node) {
        Machine machine = machine(node);
        return machine.up && !machine.paused();
    }

    public boolean paused(String node) {
        return machine(node).paused();
    }

    /** Whether the machine answers on the network, if only to refuse. */
    public boolean hostUp(String node) {
        return machine(node).hostUp;
    }

    /** How many times longer than usual everything takes: the product of what slows it down. */
    public double slowFactor(String node) {
        return machine(node).slowdowns.stream().reduce(1.0, (a, b) -> a * b);
    }

    public boolean diskFull(String node) {
        return !machine(node).fillings.isEmpty();
    }

    /**
     * The clock of {@code node}: virtual time and what it has jumped. A clock of its kind is monotonic: where the skew grows
     * it jumps, where the skew shrinks it goes on from where it is, and it never stands still.
     */
    public Ticker ticker(String node) {
        Machine machine = machine(node);
        return () -> loop.now() + machine.jumpedNanos;
    }

    // ---- what is done to them -------------------------------------------------------------------------------------

    /** Begins the next life; returns its number. */
    public long start(String node) {
        long life = machine(node).life + 1;
        start(node, life);
        return life;
    }

    /** Begins that life, which is later than all before. */
    public void start(String node, long life) {
        Machine machine = machine(node);
        if (machine.up || life <= machine.life) {
            throw new IllegalStateException(
                    node + " cannot begin life " + life + (machine.up ? " in" : " after") + " life " + machine.life);
        }
        machine.life = life;
        machine.up = true;
        machine.hostUp = true;
        listeners.forEach(listener -> listener.started(node, life));
    }

    /** Ends the present life; nothing if there is none. */
    public void kill(String node, Death death) {
        Machine machine = machine(node);
        if (!machine.up) {
            return;
        }
        machine.up = false;
        machine.hostUp = death == Death.PROCESS;
        if (machine.paused()) {
            // What waited for a frozen node is let go: the gate drops it.
            machine.pauses.clear();
            loop.release(node);
        }
        listeners.forEach(listener -> listener.stopped(node, machine.life, death));
    }

    /** Ends the present life, if any, and begins another one. */
    public long restart(String node) {
        kill(node, Death.PROCESS);
        return start(node);
    }

    /** Freezes a process for a time; one that is frozen twice goes on when both are over. Nothing if it is dead. */
    public void pause(String node, Duration time) {
        Healing healing = pause(node);
        loop.schedule(time.toNanos(), Source.world("resume/" + node), healing::heal);
    }

    /** Freezes a process; it goes on when everything that froze it is healed. Nothing if it is dead. */
    public Healing pause(String node) {
        Machine machine = machine(node);
        if (!machine.up) {
            return () -> {};
        }
        Object pause = new Object();
        machine.pauses.add(pause);
        if (machine.pauses.size() == 1) {
            listeners.forEach(listener -> listener.paused(node));
        }
        return () -> {
            if (machine.pauses.remove(pause) && machine.pauses.isEmpty()) {
                goOn(node);
            }
        };
    }

    /** Lets a frozen process go on, whatever froze it: what it missed happens now. Nothing if it is not frozen. */
    public void resume(String node) {
        Machine machine = machine(node);
        if (machine.paused()) {
            machine.pauses.clear();
            goOn(node);
        }
    }

    private void goOn(String node) {
        loop.release(node);
        listeners.forEach(listener -> listener.resumed(node));
    }

    /** Makes everything at {@code node} take {@code factor} times as long, on top of what slows it down already. */
    public Healing slow(String node, double factor) {
        if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("a node is slowed by a factor above 0, got " + factor);
        }
        Machine machine = machine(node);
        // The very object: two slowdowns by the same factor are two.
        Double added = Double.valueOf(factor);
        machine.slowdowns.add(added);
        tellSpeed(node);
        return new Healing() {
            private boolean healed;

            @Override
            public void heal() {
                if (!healed) {
                    healed = true;
                    machine.slowdowns.remove(added);
                    tellSpeed(node);
                }
            }
        };
    }

    /** As {@link #slow(String, double)}, for a time. */
    public void slow(String node, double factor, Duration time) {
        Healing healing = slow(node, factor);
        loop.schedule(time.toNanos(), Source.world("as fast as usual/" + node), healing::heal);
    }

    /** Sets a clock wrong; of several skews the newest counts that is not healed. */
    public Healing skew(String node, Duration skew) {
        Machine machine = machine(node);
        // The very object: two skews of one length are two.
        Duration added = Duration.ofNanos(skew.toNanos());
        machine.skews.add(added);
        setSkew(machine);
        return () -> {
            if (machine.skews.removeIf(each -> each == added)) {
                setSkew(machine);
            }
        };
    }

    /** A monotonic clock jumps ahead, never back: where the skew is negative or shrinks it goes on from where it is. */
    private static void setSkew(Machine machine) {
        long nanos = machine.skews.isEmpty()
                ? 0
                : Math.max(0, machine.skews.getLast().toNanos());
        machine.jumpedNanos += Math.max(0, nanos - machine.skewNanos);
        machine.skewNanos = nanos;
    }

    /** Does something to a disk; a full one has room again when everything that filled it is healed. */
    public Healing disk(String node, DiskFault fault) {
        Machine machine = machine(node);
        Object filling = new Object();
        if (fault == DiskFault.FULL) {
            machine.fillings.add(filling);
        }
        long drawn = chance.nextLong();
        listeners.forEach(listener -> listener.disk(node, fault, drawn));
        return () -> {
            if (machine.fillings.remove(filling) && machine.fillings.isEmpty()) {
                listeners.forEach(listener -> listener.diskRepaired(node));
            }
        };
    }

    private void repairDisk(String node) {
        Machine machine = machine(node);
        if (!machine.fillings.isEmpty()) {
            machine.fillings.clear();
            listeners.forEach(listener -> listener.diskRepaired(node));
        }
    }

    /** Ends what can end: pauses, slowness, full disks and wrong clocks. The dead stay dead. */
    public void healAll() {
        machines.forEach((node, machine) -> {
            resume(node);
            repairDisk(node);
            machine.skews.clear();
            setSkew(machine);
            if (!machine.slowdowns.isEmpty()) {
                machine.slowdowns.clear();
                tellSpeed(node);
            }
        });
    }

    private void tellSpeed(String node) {
        double factor = slowFactor(node);
        listeners.forEach(listener -> listener.slowed(node, factor));
    }

    private Machine machine(String node) {
        Machine machine = machines.get(node);
        if (machine == null) {
            throw new IllegalArgumentException("there is no node '" + node + "'");
        }
        return machine;
    }
}
