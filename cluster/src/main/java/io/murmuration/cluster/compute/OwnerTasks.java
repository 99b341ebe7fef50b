package io.murmuration.cluster.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Compute.Accept;
import io.murmuration.actors.port.Compute.Apply;
import io.murmuration.actors.port.Compute.Backward;
import io.murmuration.actors.port.Compute.ChunkDigest;
import io.murmuration.actors.port.Compute.CloseStored;
import io.murmuration.actors.port.Compute.Contribution;
import io.murmuration.actors.port.Compute.Discard;
import io.murmuration.actors.port.Compute.Draw;
import io.murmuration.actors.port.Compute.Forward;
import io.murmuration.actors.port.Compute.GradientLength;
import io.murmuration.actors.port.Compute.KeepCheckpoint;
import io.murmuration.actors.port.Compute.KeepChunk;
import io.murmuration.actors.port.Compute.Loss;
import io.murmuration.actors.port.Compute.NeighbourPart;
import io.murmuration.actors.port.Compute.Nothing;
import io.murmuration.actors.port.Compute.Open;
import io.murmuration.actors.port.Compute.OpenStored;
import io.murmuration.actors.port.Compute.Pin;
import io.murmuration.actors.port.Compute.ReadChunk;
import io.murmuration.actors.port.Compute.ReadStored;
import io.murmuration.actors.port.Compute.Rebuild;
import io.murmuration.actors.port.Compute.Redo;
import io.murmuration.actors.port.Compute.Reduce;
import io.murmuration.actors.port.Compute.Seal;
import io.murmuration.actors.port.Compute.StateBytes;
import io.murmuration.actors.port.Compute.StateDigest;
import io.murmuration.actors.port.Compute.StoredVersions;
import io.murmuration.actors.port.Compute.Task;
import io.murmuration.actors.port.Compute.Unpin;
import io.murmuration.actors.port.Compute.WriteChunk;
import io.murmuration.actors.port.Compute.WriteNeighbour;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.actors.protocol.Purpose;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The numbers of one owner of tasks, and what carries its tasks out, in whatever thread calls. One task at a time, in the
 * order in which the owner submitted them; who calls sees to that.
 */
public final class OwnerTasks implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OwnerTasks.class);

    private final TrainingSetup setup;
    private final Optional<CheckpointAssembly> checkpoints;
    private Optional<StageReplica> replica = Optional.empty();

    /** @param checkpoints what makes checkpoints on this node, shared by its owners */
    public OwnerTasks(TrainingSetup setup, Optional<CheckpointAssembly> checkpoints) {
        this.setup = setup;
        this.checkpoints = checkpoints;
    }

    /** Whether a task touches the corpus or the disk, and so never waits for matrices. */
    public static boolean usesFiles(Task<?> task) {
        return switch (task) {
            case Draw draw -> true;
            case KeepChunk chunk -> true;
            case KeepCheckpoint checkpoint -> true;
            case StoredVersions versions -> true;
            case OpenStored open -> true;
            case ReadStored read -> true;
            case CloseStored close -> true;
            default -> false;
        };
    }

    /** Carries a task out; what goes wrong becomes its outcome. */
    public <R> Compute.Outcome<R> run(Task<R> task) {
        try {
            return new Compute.Completed<>(compute(task));
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            LOG.warn("task {} failed", task.getClass().getSimpleName(), e);
            return new Compute.Failed<>(e);
        }
    }

    /** The cast is safe: each case returns what its {@code Task<R>} names. */
    @SuppressWarnings("unchecked")
    private <R> R compute(Task<R> task) {
        Object result =
                switch ((Task<?>) task) {
                    case Draw(MicrobatchId id) -> draw(id);
                    case Open open -> {
                        close();
                        replica = Optional.of(new StageReplica(setup, open));
                        yield Nothing.NOTHING;
                    }
                    case Forward forward -> replica().forward(forward);
                    case Loss loss -> replica().loss(loss);
                    case Backward backward -> replica().backward(backward);
                    case Discard(long step) -> nothing(() -> replica().discard(step));
                    case GradientLength() -> replica().gradientLength();
                    case Contribution contribution -> replica().contribution(contribution);
                    case Reduce reduce -> replica().reduce(reduce);
                    case Accept accept -> nothing(() -> replica().accept(accept));
                    case Seal() -> replica().seal();
                    case Apply apply -> replica().apply(apply);
                    case Redo redo -> replica().redo(redo);
                    case Pin(int chunkBytes) -> replica().pin(chunkBytes);
                    case ReadChunk(int index) -> replica().readChunk(index);
                    case Unpin() -> nothing(replica()::unpin);
                    case StateBytes() -> replica().stateBytes();
                    case ChunkDigest(Payload chunk) -> Snapshots.digest(chunk);
                    case WriteChunk write -> nothing(() -> replica().writeChunk(write));
                    case NeighbourPart(int stage) -> replica().neighbourPart(stage);
                    case WriteNeighbour write -> nothing(() -> replica().writeNeighbour(write));
                    case Rebuild rebuild -> nothing(() -> replica().rebuild(rebuild));
                    case StateDigest() -> replica().digest();
                    case KeepChunk chunk -> nothing(() -> checkpoints().chunk(chunk));
                    case KeepCheckpoint keep -> nothing(() -> checkpoints().write(keep));
                    case StoredVersions() -> checkpoints().versions();
                    case OpenStored open -> checkpoints().open(open);
                    case ReadStored read -> checkpoints().read(read);
                    case CloseStored(int stage) -> nothing(() -> checkpoints().close(stage));
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

    private StageReplica replica() {
        return replica.orElseThrow(() -> new IllegalStateException("no stage was opened"));
    }

    private CheckpointAssembly checkpoints() {
        return checkpoints.orElseThrow(() -> new IllegalStateException("this node keeps no checkpoints"));
    }

    /** Frees the owner's memory; not while a task runs. */
    @Override
    public void close() {
        replica.ifPresent(StageReplica::close);
        replica = Optional.empty();
    }
}
