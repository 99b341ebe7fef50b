package io.murmuration.cluster.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Purpose;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The compute port of a node: one pool as wide as its cores, with BLAS single-threaded in it, so that parallelism comes
 * from many shards and not from one matrix. Tasks of one owner run one at a time in the order submitted. What touches
 * the corpus or the disk has a thread of its own and never waits for matrices.
 *
 * <p>Thread-safe. Queues are as long as what the owners submit, which their protocol bounds.
 */
public final class ComputePool implements Compute, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ComputePool.class);

    /** Long enough for any task under way to end; after that a stuck native call is left behind. */
    private static final long CLOSE_SECONDS = 30;

    private static final class Owner {
        private final Queue<Runnable> queue = new ArrayDeque<>();
        private boolean running;
        private boolean released;
        private Optional<StageReplica> replica = Optional.empty();
    }

    private final TrainingSetup setup;
    private final Optional<CheckpointAssembly> checkpoints;
    private final ExecutorService workers;
    private final ExecutorService files;
    private final Map<Member, Owner> owners = new HashMap<>();

    /** @param threads width of the pool */
    public ComputePool(TrainingSetup setup, Optional<CheckpointAssembly> checkpoints, int threads) {
        this.setup = setup;
        this.checkpoints = checkpoints;
        this.workers = Executors.newFixedThreadPool(threads, named("compute"));
        this.files = Executors.newSingleThreadExecutor(named("files"));
    }

    private static ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, "murmuration-" + name + "-" + number.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public <R> void submit(Member member, Task<R> task, Consumer<Outcome<R>> done) {
        synchronized (owners) {
            Owner owner = owners.computeIfAbsent(member, known -> new Owner());
            ExecutorService executor = usesFiles(task) ? files : workers;
            owner.queue.add(() -> executor.execute(() -> {
                done.accept(run(owner, task));
                next(member, owner);
            }));
            startNext(owner);
        }
    }

    private static boolean usesFiles(Task<?> task) {
        return task instanceof Draw
                || task instanceof KeepChunk
                || task instanceof KeepCheckpoint
                || task instanceof KeptVersions;
    }

    private void next(Member member, Owner owner) {
        synchronized (owners) {
            owner.running = false;
            if (owner.released) {
                owner.queue.clear();
                owner.replica.ifPresent(StageReplica::close);
                owner.replica = Optional.empty();
                owners.remove(member, owner);
            } else {
                startNext(owner);
            }
        }
    }

    private void startNext(Owner owner) {
        if (!owner.running && !owner.released && !owner.queue.isEmpty() && !workers.isShutdown()) {
            owner.running = true;
            owner.queue.remove().run();
        }
    }

    @Override
    public void release(Member member) {
        synchronized (owners) {
            Owner owner = owners.get(member);
            if (owner != null) {
                owner.released = true;
                if (!owner.running) {
                    next(member, owner);
                }
            }
        }
    }

    private <R> Outcome<R> run(Owner owner, Task<R> task) {
        try {
            return new Completed<>(compute(owner, task));
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            LOG.warn("task {} failed", task.getClass().getSimpleName(), e);
            return new Failed<>(e);
        }
    }

    /** The cast is safe: each case returns what its {@code Task<R>} names. */
    @SuppressWarnings("unchecked")
    private <R> R compute(Owner owner, Task<R> task) {
        Object result =
                switch ((Task<?>) task) {
                    case Draw(MicrobatchId id) -> draw(id);
                    case Open open -> {
                        owner.replica = Optional.of(new StageReplica(setup, open));
                        yield Nothing.NOTHING;
                    }
                    case Forward forward -> replica(owner).forward(forward);
                    case Loss loss -> replica(owner).loss(loss);
                    case Backward backward -> replica(owner).backward(backward);
                    case Discard() -> nothing(replica(owner)::discard);
                    case GradientLength() -> replica(owner).gradientLength();
                    case Contribution contribution -> replica(owner).contribution(contribution);
                    case Reduce reduce -> replica(owner).reduce(reduce);
                    case Accept accept -> nothing(() -> replica(owner).accept(accept));
                    case Seal() -> replica(owner).seal();
                    case Apply apply -> replica(owner).apply(apply);
                    case Redo redo -> replica(owner).redo(redo);
                    case Pin(int chunkBytes) -> replica(owner).pin(chunkBytes);
                    case ReadChunk(int index) -> replica(owner).readChunk(index);
                    case Unpin() -> nothing(replica(owner)::unpin);
                    case WriteChunk write -> nothing(() -> replica(owner).writeChunk(write));
                    case StateDigest() -> replica(owner).digest();
                    case KeepChunk chunk -> nothing(() -> checkpoints().chunk(chunk));
                    case KeepCheckpoint keep -> nothing(() -> checkpoints().write(keep));
                    case KeptVersions() -> checkpoints().versions();
                };
        return (R) result;
    }

    private static Nothing nothing(Runnable task) {
        task.run();
        return Nothing.NOTHING;
    }

    private byte[] draw(MicrobatchId id) {
        int[] ids = id.purpose() == Purpose.TRAIN
                ? setup.batches().microbatch(id.step(), id.index())
                : setup.batches().validation(id.index() * setup.microbatch(), setup.microbatch());
        return TokenBytes.encode(ids, setup.model().vocabulary());
    }

    private static StageReplica replica(Owner owner) {
        return owner.replica.orElseThrow(() -> new IllegalStateException("no stage was opened"));
    }

    private CheckpointAssembly checkpoints() {
        return checkpoints.orElseThrow(() -> new IllegalStateException("this node keeps no checkpoints"));
    }

    /** Lets tasks under way end, then frees all memory. */
    @Override
    public void close() {
        workers.shutdown();
        files.shutdown();
        try {
            boolean ended = workers.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)
                    && files.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS);
            if (!ended) {
                LOG.warn("compute tasks did not end within {} s; their memory is not freed", CLOSE_SECONDS);
                return;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        synchronized (owners) {
            owners.values().forEach(owner -> owner.replica.ifPresent(StageReplica::close));
            owners.clear();
            checkpoints.ifPresent(CheckpointAssembly::close);
        }
    }
}
