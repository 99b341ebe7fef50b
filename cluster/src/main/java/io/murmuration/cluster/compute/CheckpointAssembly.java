package io.murmuration.cluster.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Manifest;
import io.murmuration.actors.protocol.Payload;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointReader;
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
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * Puts the chunks of all stages' snapshots together and writes a checkpoint of them; reads stored checkpoints to serve
 * them. Memory: one copy of the model and its optimiser state while a checkpoint is being made, and one copy of every
 * stage that is being served. Used by one task at a time.
 */
public final class CheckpointAssembly implements AutoCloseable {

    private final TrainingSetup setup;
    private final CheckpointStore store;
    private final Map<String, String> settings;
    private final BiConsumer<Long, Path> written;
    private final Map<Integer, Stored> stages = new TreeMap<>();
    private final Map<Integer, BitSet> missing = new TreeMap<>();
    private final Map<Integer, Served> served = new TreeMap<>();
    private Arena arena = Arena.ofShared();
    private long version = -1;

    /** A stage's state as it is transferred. */
    private record Stored(StageState state, Optional<RebuiltMark> mark) {

        private List<Floats> vectors() {
            List<Floats> vectors = new ArrayList<>();
            vectors.add(state.parameters());
            vectors.addAll(state.optimiser().values());
            mark.ifPresent(rebuilt -> vectors.add(rebuilt.numbers()));
            return vectors;
        }
    }

    /** What one stage of this run needs of a stored checkpoint. */
    private record Served(Arena arena, List<Floats> vectors, int chunkBytes) {}

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
        Stored state = stages.computeIfAbsent(task.stage(), stage -> empty(arena, stage));
        missing.computeIfAbsent(task.stage(), stage -> {
            BitSet chunks = new BitSet();
            chunks.set(0, task.chunks());
            return chunks;
        });
        Snapshots.write(
                state.vectors(), task.index(), task.chunks(), task.chunk().bytes());
        missing.get(task.stage()).clear(task.index());
    }

    private Stored empty(Arena arena, int stage) {
        var layout = ParameterLayout.of(setup.model(), setup.stages().slice(stage));
        Map<String, Floats> optimiser = new LinkedHashMap<>();
        for (String name : setup.optimiser().vectors()) {
            optimiser.put(name, Floats.allocate(arena, layout.length()));
        }
        return new Stored(
                new StageState(layout, Floats.allocate(arena, layout.length()), optimiser),
                setup.rebuilds() ? Optional.of(RebuiltMark.allocate(arena)) : Optional.empty());
    }

    void write(Compute.KeepCheckpoint task) {
        boolean complete = missing.values().stream().allMatch(BitSet::isEmpty);
        if (task.version() != version || stages.size() != task.stages() || !complete) {
            throw new IllegalStateException("expected whole snapshots of " + task.stages() + " stages at version "
                    + task.version() + ", got " + stages.size() + " at version " + version
                    + ", missing chunks by stage: "
                    + missing);
        }
        Map<String, String> noted = new TreeMap<>(settings);
        stages.forEach((stage, stored) -> stored.mark()
                .ifPresent(mark -> noted.putAll(RebuiltMark.noted(setup.stages().slice(stage), mark))));
        var meta = new CheckpointMeta(setup.model(), version, setup.batches().position(version), setup.seed(), noted);
        Path folder =
                store.write(meta, stages.values().stream().map(Stored::state).toList());
        clear();
        written.accept(task.version(), folder);
    }

    // ---- serving what is stored ---------------------------------------------------------------------------------

    List<Long> versions() {
        return store.steps();
    }

    /**
     * Every file is checked against its digest first; the tensors are read by name, so it does not matter with how many
     * stages they were written.
     *
     * @throws CheckpointException if the checkpoint is damaged, incomplete or gone
     */
    Manifest open(Compute.OpenStored task) {
        if (task.stage() < 0 || task.stage() >= setup.stages().stages()) {
            throw new CheckpointException(
                    "expected one of " + setup.stages().stages() + " stages, got " + task.stage());
        }
        Path folder = store.all().stream()
                .filter(path -> CheckpointStore.step(path) == task.version())
                .findFirst()
                .orElseThrow(() -> new CheckpointException("there is no checkpoint of version " + task.version()));
        CheckpointReader reader = CheckpointReader.open(folder);
        if (!reader.meta().model().equals(setup.model()) || reader.meta().step() != task.version()) {
            throw new CheckpointException(
                    folder + ": expected version " + task.version() + " of " + setup.model() + ", got version "
                            + reader.meta().step() + " of " + reader.meta().model());
        }
        List<String> different = RunMarks.differences(reader.meta().settings(), settings);
        if (!different.isEmpty()) {
            throw new CheckpointException(folder + " is of another run: " + String.join("; ", different));
        }
        close(task.stage());
        Arena memory = Arena.ofShared();
        try {
            Stored stored = empty(memory, task.stage());
            StageState state = stored.state();
            reader.read(state.layout(), state.parameters(), state.optimiser());
            stored.mark()
                    .ifPresent(mark ->
                            mark.read(reader.meta().settings(), setup.stages().slice(task.stage())));
            List<Floats> vectors = stored.vectors();
            Manifest manifest = Snapshots.manifest(vectors, task.chunkBytes());
            served.put(task.stage(), new Served(memory, vectors, task.chunkBytes()));
            return manifest;
        } catch (RuntimeException e) {
            memory.close();
            throw e;
        }
    }

    Payload read(Compute.ReadStored task) {
        Served stage = served.get(task.stage());
        if (stage == null) {
            throw new IllegalStateException("no stored checkpoint is open for stage " + task.stage());
        }
        return Snapshots.chunk(stage.vectors(), task.index(), stage.chunkBytes());
    }

    void close(int stage) {
        Served open = served.remove(stage);
        if (open != null) {
            open.arena().close();
        }
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
        List.copyOf(served.keySet()).forEach(this::close);
    }
}
