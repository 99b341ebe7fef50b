package io.murmuration.cluster.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.NeighbourMean;
import io.murmuration.tensors.model.ParameterLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.TreeMap;

/**
 * The layers of the stages before and behind one that is rebuilt, as their snapshots bring them. Memory: both together
 * twice the layers of a stage, less than a snapshot, and such a shard serves none.
 */
final class Neighbours implements AutoCloseable {

    private final TrainingSetup setup;
    private final int stage;
    private final Arena arena = Arena.ofShared();
    private final TreeMap<Integer, Floats> layers = new TreeMap<>();

    Neighbours(TrainingSetup setup, int stage) {
        this.setup = setup;
        this.stage = stage;
    }

    private NeighbourMean.Layers of(int neighbour) {
        return NeighbourMean.layers(setup.model(), setup.stages().slice(neighbour));
    }

    /** @throws IllegalArgumentException if that stage is no neighbour */
    Compute.SnapshotPart part(int neighbour) {
        if (Math.abs(neighbour - stage) != 1
                || neighbour < 0
                || neighbour >= setup.stages().stages()) {
            throw new IllegalArgumentException("expected a stage next to stage " + stage + " of "
                    + setup.stages().stages() + ", got " + neighbour);
        }
        long length = ParameterLayout.of(setup.model(), setup.stages().slice(neighbour))
                .length();
        int vectors = 1 + setup.optimiser().vectors().size();
        NeighbourMean.Layers wanted = of(neighbour);
        return new Compute.SnapshotPart(
                (vectors * length + RebuiltMark.NUMBERS) * Float.BYTES,
                wanted.offset() * Float.BYTES,
                (wanted.offset() + wanted.length()) * Float.BYTES);
    }

    void write(Compute.WriteNeighbour task) {
        Compute.SnapshotPart part = part(task.stage());
        byte[] bytes = task.chunk().bytes();
        long start = Snapshots.start(part.bytes(), task.index(), task.chunks(), bytes.length);
        long begin = Math.max(start, part.from());
        long end = Math.min(start + bytes.length, part.to());
        Floats target = layers.computeIfAbsent(
                task.stage(), neighbour -> Floats.allocate(arena, of(neighbour).length()));
        if (begin < end) {
            MemorySegment.copy(
                    bytes, (int) (begin - start), target.segment(), ValueLayout.JAVA_BYTE, begin - part.from(), (int)
                            (end - begin));
        }
    }

    /** Sets the layers of a stage's parameters to what follows from both neighbours. */
    void mean(Compute.Rebuild task, Floats parameters) {
        Floats below = layers.get(stage - 1);
        Floats above = layers.get(stage + 1);
        if (below == null || above == null) {
            throw new IllegalStateException(
                    "expected the layers of both neighbours of stage " + stage + ", got " + layers.keySet());
        }
        NeighbourMean.Layers own = of(stage);
        if (own.length() != parameters.length()) {
            throw new IllegalStateException("stage " + stage + " holds more than layers: they have " + own.length()
                    + " of its " + parameters.length() + " numbers");
        }
        NeighbourMean.of(parameters, below, task.belowNorm(), above, task.aboveNorm());
    }

    @Override
    public void close() {
        arena.close();
    }
}
