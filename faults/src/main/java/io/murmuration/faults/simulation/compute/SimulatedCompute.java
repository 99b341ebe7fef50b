package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.compute.OwnerTasks;
import io.murmuration.faults.simulation.ComputeTap;
import io.murmuration.faults.simulation.EventLoop;
import io.murmuration.faults.simulation.EventLoop.Source;
import io.murmuration.faults.simulation.NodeSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.DoubleSupplier;
import java.util.function.Supplier;

/**
 * The compute port of a node in one of its lives, in virtual time. Tasks queue as in a node's own pool: those of one owner
 * one at a time and in order, as many owners at once as the device has cores, corpus and disk beside them. A task ends
 * when its modelled duration is over; whatever computes it is waited for then.
 */
public final class SimulatedCompute implements Compute {

    private static final class Owner {
        private final Member member;
        private final Queue<Job<?>> queue = new ArrayDeque<>();
        private boolean running;
        private boolean released;
        private int stage;

        private Owner(Member member) {
            this.member = member;
        }
    }

    private record Job<R>(Owner owner, Task<R> task, Consumer<Outcome<R>> done) {}

    /** So many tasks at once; the others wait in order. */
    private static final class Lane {
        private final int width;
        private final Queue<Job<?>> waiting = new ArrayDeque<>();
        private int busy;

        private Lane(int width) {
            this.width = width;
        }
    }

    private final EventLoop loop;
    private final NodeSpec node;
    private final long life;
    private final Work work;
    private final TaskCosts costs;
    private final DoubleSupplier slowdown;
    private final Disk disk;
    private final ComputeTap tap;
    private final Lane cores;
    private final Lane files = new Lane(1);
    private final Map<Member, Owner> owners = new TreeMap<>();

    /**
     * @param slowdown by what a task that starts now takes longer
     * @param disk what checkpoints are written to
     */
    public SimulatedCompute(
            EventLoop loop,
            NodeSpec node,
            long life,
            Numbers numbers,
            Device device,
            DoubleSupplier slowdown,
            Disk disk,
            ComputeTap tap) {
        this.loop = loop;
        this.node = node;
        this.life = life;
        this.work = numbers.work(node.name());
        this.costs = new TaskCosts(numbers.setup(), device);
        this.slowdown = slowdown;
        this.disk = disk;
        this.tap = tap;
        this.cores = new Lane(node.cores());
    }

    @Override
    public <R> void submit(Member member, Task<R> task, Consumer<Outcome<R>> done) {
        Owner owner = owners.computeIfAbsent(member, Owner::new);
        owner.queue.add(new Job<>(owner, task, done));
        startNext(owner);
    }

    private void startNext(Owner owner) {
        if (!owner.running && !owner.released && !owner.queue.isEmpty()) {
            owner.running = true;
            Job<?> job = owner.queue.remove();
            Lane lane = OwnerTasks.usesFiles(job.task()) ? files : cores;
            lane.waiting.add(job);
            fill(lane);
        }
    }

    private void fill(Lane lane) {
        while (lane.busy < lane.width && !lane.waiting.isEmpty()) {
            lane.busy++;
            begin(lane, lane.waiting.remove());
        }
    }

    private <R> void begin(Lane lane, Job<R> job) {
        Owner owner = job.owner();
        if (job.task() instanceof Open open) {
            owner.stage = open.stage();
        }
        long nanos = costs.nanos(job.task(), owner.stage, node.speed() / slowdown.getAsDouble());
        Supplier<Outcome<R>> pending = fits(job.task())
                ? work.begin(owner.member, job.task())
                : () -> new Failed<>(
                        new UncheckedIOException(new IOException("no space left on the disk of " + node.name())));
        tap.started(loop.now(), owner.member, job.task(), nanos);
        String path = owner.member.peer().name() + "/" + job.task().getClass().getSimpleName();
        loop.schedule(nanos, new Source(node.name(), life, path), () -> {
            Outcome<R> outcome = pending.get();
            tap.ended(loop.now(), owner.member, job.task(), outcome);
            job.done().accept(outcome);
            lane.busy--;
            owner.running = false;
            if (owner.released) {
                free(owner);
            } else {
                startNext(owner);
            }
            fill(lane);
        });
    }

    private boolean fits(Task<?> task) {
        return !(task instanceof KeepCheckpoint) || !disk.full();
    }

    @Override
    public void release(Member member) {
        Owner owner = owners.get(member);
        if (owner != null) {
            owner.released = true;
            if (!owner.running) {
                free(owner);
            }
        }
    }

    private void free(Owner owner) {
        owner.queue.clear();
        owners.remove(owner.member, owner);
        work.release(owner.member);
    }

    /** The life is over: whatever is under way is let go of once it has ended. Nobody is told of its result. */
    public void close() {
        owners.clear();
        work.close();
    }
}
