package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Compute.Outcome;
import io.murmuration.actors.port.Compute.Task;
import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.compute.CheckpointAssembly;
import io.murmuration.cluster.compute.OwnerTasks;
import io.murmuration.cluster.compute.TrainingSetup;
import io.murmuration.faults.simulation.SimulationException;
import io.murmuration.tensors.checkpoint.CheckpointException;
import java.io.File;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Computes on a pool; the loop waits for a result when its virtual time has come. */
final class RealNumbers implements Numbers {

    /** Real time a task may take. A task of {@code nano} takes milliseconds; what takes this long hangs. */
    private static final Duration TASK_LIMIT = Duration.ofMinutes(2);

    private final TrainingSetup setup;
    private final ModelledSetup modelled;
    private final Path folder;
    private final int keep;
    private final Map<String, String> origin;
    private final ExecutorService pool;
    private final Map<String, FolderStorage> storages = new TreeMap<>();

    RealNumbers(TrainingSetup setup, int threads, Path folder, int keep, Map<String, String> origin) {
        this.setup = setup;
        this.modelled = ModelledSetup.of(setup);
        this.folder = folder;
        this.keep = keep;
        this.origin = new TreeMap<>(origin);
        AtomicInteger number = new AtomicInteger();
        this.pool = Executors.newFixedThreadPool(threads, task -> {
            Thread thread = new Thread(task, "simulated-compute-" + number.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        });
    }

    @Override
    public ModelledSetup setup() {
        return modelled;
    }

    @Override
    public FrameSizes frameSizes() {
        return FrameSizes.real();
    }

    @Override
    public FolderStorage storage(String node) {
        return storages.computeIfAbsent(node, name -> new FolderStorage(folder.resolve(name), keep));
    }

    @Override
    public Work work(String node) {
        return new RealWork(new CheckpointAssembly(setup, storage(node).store(), origin, (version, path) -> {}));
    }

    @Override
    public void close() {
        pool.shutdown();
        try {
            if (!pool.awaitTermination(TASK_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                throw new SimulationException("compute tasks did not end within " + TASK_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SimulationException("interrupted while compute tasks ended", e);
        }
    }

    private final class RealWork implements Work {

        private final CheckpointAssembly checkpoints;
        private final Map<Member, OwnerTasks> owners = new TreeMap<>();
        private final Map<Member, Future<?>> underWay = new TreeMap<>();

        private RealWork(CheckpointAssembly checkpoints) {
            this.checkpoints = checkpoints;
        }

        @Override
        public <R> Supplier<Outcome<R>> begin(Member owner, Task<R> task) {
            OwnerTasks tasks = owners.computeIfAbsent(owner, member -> new OwnerTasks(setup, Optional.of(checkpoints)));
            if (OwnerTasks.usesFiles(task)) {
                // Corpus and checkpoints are shared by the owners of a node, which may run at the same time.
                Outcome<R> outcome = withoutFolder(tasks.run(task));
                return () -> outcome;
            }
            Future<Outcome<R>> future = pool.submit(() -> tasks.run(task));
            underWay.put(owner, future);
            return () -> {
                underWay.remove(owner, future);
                return await(owner, future);
            };
        }

        @Override
        public void release(Member owner) {
            Future<?> future = underWay.remove(owner);
            if (future != null) {
                await(owner, future);
            }
            OwnerTasks tasks = owners.remove(owner);
            if (tasks != null) {
                tasks.close();
            }
        }

        @Override
        public void close() {
            for (Member owner : List.copyOf(owners.keySet())) {
                release(owner);
            }
            checkpoints.close();
        }
    }

    /** Reasons travel in messages; where the disks of this run lie must not be part of its history. */
    private <R> Outcome<R> withoutFolder(Outcome<R> outcome) {
        return outcome instanceof Compute.Failed<R>(Throwable cause)
                        && cause.getMessage() instanceof String message
                        && message.contains(folder.toString())
                ? new Compute.Failed<>(
                        new CheckpointException(message.replace(folder.toString() + File.separator, ""), cause))
                : outcome;
    }

    private static <T> T await(Member owner, Future<T> future) {
        try {
            return future.get(TASK_LIMIT.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SimulationException("interrupted while a task of " + owner + " ran", e);
        } catch (TimeoutException e) {
            throw new SimulationException("a task of " + owner + " did not end within " + TASK_LIMIT, e);
        } catch (ExecutionException e) {
            throw new SimulationException("a task of " + owner + " failed: " + e.getCause(), e.getCause());
        }
    }
}
