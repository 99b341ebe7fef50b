package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Compute.Nothing;
import io.murmuration.actors.port.Compute.Outcome;
import io.murmuration.actors.port.Compute.Task;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.MicrobatchId;
import io.murmuration.actors.protocol.Payload;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;

/** Carries meaning in place of numbers. */
final class ModelledNumbers implements Numbers {

    private final ModelledSetup setup;
    private final int keep;
    private final Map<String, MemoryStorage> storages = new TreeMap<>();

    ModelledNumbers(ModelledSetup setup, int keep) {
        this.setup = setup;
        this.keep = keep;
    }

    @Override
    public ModelledSetup setup() {
        return setup;
    }

    @Override
    public FrameSizes frameSizes() {
        return FrameSizes.modelled(setup);
    }

    @Override
    public MemoryStorage storage(String node) {
        return storages.computeIfAbsent(node, name -> new MemoryStorage(keep));
    }

    @Override
    public Work work(String node) {
        return new SymbolicWork(storage(node));
    }

    @Override
    public void close() {
        storages.clear();
    }

    /** What one stage needs of a stored checkpoint. */
    private record Served(String state, int chunkBytes) {}

    private final class SymbolicWork implements Work {

        private final MemoryStorage storage;
        private final Map<Member, SymbolicReplica> replicas = new TreeMap<>();
        private final Map<Integer, StateSymbol> keeping = new TreeMap<>();
        private long keepingVersion = -1;
        private final Map<Integer, Served> served = new TreeMap<>();

        private SymbolicWork(MemoryStorage storage) {
            this.storage = storage;
        }

        @Override
        public <R> Supplier<Outcome<R>> begin(Member owner, Task<R> task) {
            Outcome<R> outcome = run(owner, task);
            return () -> outcome;
        }

        private <R> Outcome<R> run(Member owner, Task<R> task) {
            try {
                return new Compute.Completed<>(compute(owner, task));
            } catch (RuntimeException e) {
                return new Compute.Failed<>(e);
            }
        }

        /** The cast is safe: each case returns what its {@code Task<R>} names. */
        @SuppressWarnings("unchecked")
        private <R> R compute(Member owner, Task<R> task) {
            Object result =
                    switch ((Task<?>) task) {
                        case Compute.Draw(MicrobatchId id) -> SymbolicReplica.symbol(id);
                        case Compute.Open open -> {
                            replicas.put(owner, new SymbolicReplica(setup, open));
                            yield Nothing.NOTHING;
                        }
                        case Compute.Forward forward -> replica(owner).forward(forward);
                        case Compute.Loss loss -> replica(owner).loss(loss);
                        case Compute.Backward backward -> replica(owner).backward(backward);
                        case Compute.Discard(long step) ->
                            nothing(() -> replica(owner).discard(step));
                        case Compute.GradientLength() -> replica(owner).gradientLength();
                        case Compute.Contribution contribution -> replica(owner).contribution(contribution);
                        case Compute.Reduce reduce -> replica(owner).reduce(reduce);
                        case Compute.Accept accept ->
                            nothing(() -> replica(owner).accept(accept));
                        case Compute.Seal() -> replica(owner).seal();
                        case Compute.Apply apply -> replica(owner).apply(apply);
                        case Compute.Redo redo -> replica(owner).redo(redo);
                        case Compute.Pin(int chunkBytes) -> replica(owner).pin(chunkBytes);
                        case Compute.ReadChunk(int index) -> replica(owner).readChunk(index);
                        case Compute.Unpin() -> nothing(replica(owner)::unpin);
                        case Compute.WriteChunk write ->
                            nothing(() -> replica(owner).writeChunk(write));
                        case Compute.NeighbourPart(int stage) -> replica(owner).neighbourPart(stage);
                        case Compute.WriteNeighbour write ->
                            nothing(() -> replica(owner).writeNeighbour(write));
                        case Compute.Rebuild rebuild ->
                            nothing(() -> replica(owner).rebuild(rebuild));
                        case Compute.StateDigest() -> replica(owner).digest();
                        case Compute.StateBytes() -> replica(owner).stateBytes();
                        case Compute.ChunkDigest(Payload chunk) -> SymbolicChunks.digest(chunk);
                        case Compute.KeepChunk chunk -> nothing(() -> keep(chunk));
                        case Compute.KeepCheckpoint checkpoint -> nothing(() -> keep(checkpoint));
                        case Compute.StoredVersions() -> storage.versions();
                        case Compute.OpenStored open -> open(open);
                        case Compute.ReadStored read -> read(read);
                        case Compute.CloseStored(int stage) -> nothing(() -> served.remove(stage));
                    };
            return (R) result;
        }

        private Nothing nothing(Runnable task) {
            task.run();
            return Nothing.NOTHING;
        }

        private SymbolicReplica replica(Member owner) {
            SymbolicReplica replica = replicas.get(owner);
            if (replica == null) {
                throw new IllegalStateException("no stage was opened");
            }
            return replica;
        }

        private void keep(Compute.KeepChunk task) {
            if (task.version() != keepingVersion) {
                keeping.clear();
                keepingVersion = task.version();
            }
            keeping.computeIfAbsent(task.stage(), stage -> new StateSymbol(StateSymbol.empty(stage)))
                    .write(task.index(), task.chunks(), new String(task.chunk().bytes(), StandardCharsets.US_ASCII));
        }

        private void keep(Compute.KeepCheckpoint task) {
            boolean whole = keeping.values().stream().allMatch(StateSymbol::isWhole);
            if (task.version() != keepingVersion || keeping.size() != task.stages() || !whole) {
                throw new IllegalStateException("expected whole snapshots of " + task.stages() + " stages at version "
                        + task.version() + ", got " + keeping.size() + " at version " + keepingVersion);
            }
            List<String> states = new ArrayList<>();
            keeping.values().forEach(state -> states.add(state.state()));
            storage.write(task.version(), states);
            keeping.clear();
            keepingVersion = -1;
        }

        private Manifest open(Compute.OpenStored task) {
            String state = storage.read(task.version())
                    .orElseThrow(() -> new IllegalStateException(
                            "the checkpoint of version " + task.version() + " is damaged or gone"))
                    .get(task.stage());
            served.put(task.stage(), new Served(state, task.chunkBytes()));
            return SymbolicChunks.manifest(state, setup.stateBytes(task.stage()), task.chunkBytes());
        }

        private Payload read(Compute.ReadStored task) {
            Served open = served.get(task.stage());
            if (open == null) {
                throw new IllegalStateException("no stored checkpoint is open for stage " + task.stage());
            }
            return SymbolicChunks.chunk(open.state(), setup.stateBytes(task.stage()), open.chunkBytes(), task.index());
        }

        @Override
        public void release(Member owner) {
            replicas.remove(owner);
        }

        @Override
        public void close() {
            replicas.clear();
            keeping.clear();
        }
    }
}
