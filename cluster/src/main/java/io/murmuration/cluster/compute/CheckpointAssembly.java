package io.murmuration.cluster.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.StageState;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * Puts the chunks of all stages' snapshots together and writes a checkpoint of them. Memory: one copy of the model and
 * its optimiser state while a checkpoint is being made. Used by one task at a time.
 */
public final class CheckpointAssembly implements AutoCloseable {

    private final TrainingSetup setup;
    private final CheckpointStore store;
    private final Map<String, String> settings;
    private final BiConsumer<Long, Path> written;
    private final Map<Integer, StageState> stages = new TreeMap<>();
    private final Map<Integer, BitSet> missing = new TreeMap<>();
    private Arena arena = Arena.ofShared();
    private long version = -1;

    /** @param written told of every checkpoint that is complete on disk */
    public CheckpointAssembly(
            TrainingSetup setup, CheckpointStore store, Map<String, String> settings, BiConsumer<Long, Path> written) {
        this.setup = setup;
        this.store = store;
        this.settings = settings;
        this.written = written;
    }

    void chunk(Compute.KeepChunk task) {
        if (task.version() != version) {
            clear();
            version = task.version();
        }
        StageState state = stages.computeIfAbsent(task.stage(), this::empty);
        missing.computeIfAbsent(task.stage(), stage -> {
            BitSet chunks = new BitSet();
            chunks.set(0, task.chunks());
            return chunks;
        });
        List<Floats> vectors = new ArrayList<>();
        vectors.add(state.parameters());
        vectors.addAll(state.optimiser().values());
        Snapshots.write(vectors, task.index(), task.chunks(), task.chunk().bytes());
        missing.get(task.stage()).clear(task.index());
    }

    private StageState empty(int stage) {
        var layout = ParameterLayout.of(setup.model(), setup.stages().slice(stage));
        Map<String, Floats> optimiser = new LinkedHashMap<>();
        for (String name : setup.optimiser().vectors()) {
            optimiser.put(name, Floats.allocate(arena, layout.length()));
        }
        return new StageState(layout, Floats.allocate(arena, layout.length()), optimiser);
    }

    void write(Compute.KeepCheckpoint task) {
        boolean complete = missing.values().stream().allMatch(BitSet::isEmpty);
        if (task.version() != version || stages.size() != task.stages() || !complete) {
            throw new IllegalStateException("expected whole snapshots of " + task.stages() + " stages at version "
                    + task.version() + ", got " + stages.size() + " at version " + version
                    + ", missing chunks by stage: "
                    + missing);
        }
        var meta =
                new CheckpointMeta(setup.model(), version, setup.batches().position(version), setup.seed(), settings);
        Path folder = store.write(meta, List.copyOf(stages.values()));
        clear();
        written.accept(task.version(), folder);
    }

    /** What is whole on the disk, rising. */
    List<Long> versions() {
        return store.steps();
    }

    private void clear() {
        stages.clear();
        missing.clear();
        arena.close();
        arena = Arena.ofShared();
        version = -1;
    }

    @Override
    public void close() {
        arena.close();
    }
}
