package io.murmuration.faults.simulation.compute;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.port.Compute.Task;
import io.murmuration.actors.protocol.Purpose;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.StagePlan;

/**
 * How long a task takes on one core, by its floating-point operations and the bytes it moves. Matrix products: 2 operations
 * for each parameter and token forward, twice that backward, and the forward pass once more because inner activations are
 * not kept (Narayanan et al., arXiv 2104.04473, section 3.5); attention scores on top, half of them masked.
 */
final class TaskCosts {

    private static final double NANOS = 1e9;

    /** Reads the gradient, reads and writes parameters and every vector of optimiser state. */
    private static final int PASSES_PER_VECTOR = 2;

    private static final double BACKWARD_PER_FORWARD = 2;

    private final ModelledSetup setup;
    private final Device device;

    TaskCosts(ModelledSetup setup, Device device) {
        this.setup = setup;
        this.device = device;
    }

    /**
     * Virtual nanoseconds.
     *
     * @param stage of the owner; what a task without a stage ignores
     * @param rate how many times as fast as the usual device
     */
    long nanos(Task<?> task, int stage, double rate) {
        double seconds = device.overheadNanos() / NANOS + work(task, stage);
        return Math.max(1, Math.round((seconds / rate + disk(task)) * NANOS));
    }

    private double work(Task<?> task, int stage) {
        return switch (task) {
            case Compute.Draw draw -> memory(setup.tokenBytes());
            case Compute.Open open -> memory(setup.stateBytes(open.stage()));
            case Compute.Forward forward -> forward(stage) + codec(1);
            case Compute.Loss loss ->
                loss.id().purpose() == Purpose.EVALUATE
                        ? forward(stage) + codec(1)
                        // The last stage goes back at once, with everything still at hand.
                        : forward(stage) * (1 + BACKWARD_PER_FORWARD) + codec(2);
            case Compute.Backward backward -> forward(stage) * (2 + BACKWARD_PER_FORWARD) + codec(3);
            case Compute.Discard discard -> memory(setup.vectorBytes(stage));
            case Compute.GradientLength length -> 0;
            case Compute.Contribution part -> vector(part.length(), 2);
            case Compute.Reduce part ->
                vector(part.length(), 2L * part.contributions().size() + 4);
            case Compute.Accept part -> vector(part.length(), 2);
            case Compute.Seal seal -> memory(setup.vectorBytes(stage)) + digest(setup.vectorBytes(stage));
            case Compute.Apply apply -> update(stage);
            case Compute.Redo redo -> update(stage);
            case Compute.Pin pin -> memory(2 * setup.stateBytes(stage)) + digest(setup.stateBytes(stage));
            case Compute.ReadChunk chunk -> 0;
            case Compute.Unpin unpin -> 0;
            case Compute.WriteChunk write -> memory(2 * write.chunk().uncompressedBytes());
            case Compute.NeighbourPart part -> 0;
            case Compute.WriteNeighbour write -> memory(2 * write.chunk().uncompressedBytes());
            case Compute.Rebuild rebuild -> memory(3 * setup.vectorBytes(stage) + setup.stateBytes(stage));
            case Compute.StateDigest state -> digest(setup.stateBytes(stage));
            case Compute.KeepChunk keep -> memory(2 * keep.chunk().uncompressedBytes());
            case Compute.KeepCheckpoint keep -> digest(modelBytes());
            case Compute.StateBytes bytes -> 0;
            case Compute.ChunkDigest chunk -> digest(chunk.chunk().uncompressedBytes());
            case Compute.StoredVersions versions -> 0;
            // The whole checkpoint is checked, and the stage's part of it once more by chunks.
            case Compute.OpenStored open -> digest(modelBytes() + setup.stateBytes(open.stage()));
            case Compute.ReadStored read -> 0;
            case Compute.CloseStored close -> 0;
        };
    }

    /** What was before is copied aside, or back, then the update, then the digest. */
    private double update(int stage) {
        return memory(2 * PASSES_PER_VECTOR * setup.stateBytes(stage) + setup.vectorBytes(stage))
                + digest(setup.stateBytes(stage));
    }

    private double disk(Task<?> task) {
        boolean whole = task instanceof Compute.KeepCheckpoint || task instanceof Compute.OpenStored;
        return whole ? modelBytes() / device.diskBytes() : 0;
    }

    private double modelBytes() {
        double bytes = 0;
        for (int stage = 0; stage < setup.stages().stages(); stage++) {
            bytes += setup.stateBytes(stage);
        }
        return bytes;
    }

    /** Seconds of one pass forward of a microbatch through a stage. */
    private double forward(int stage) {
        ModelSpec model = setup.model();
        StagePlan.Slice slice = setup.stages().slice(stage);
        long looked = slice.first() ? (long) model.vocabulary() * model.boundaryWidth() : 0;
        // In a subspace both branches of a layer, the boundary before and the one behind also go through its basis.
        long basis = (long) model.subspace() * model.dim() * (2L * slice.layers() + 2);
        double products = 2.0 * (setup.parameters().get(stage) - looked + basis) * setup.tokens();
        // Queries with keys, and scores with values: 2 x 2 operations for each pair of positions that sees the other.
        double attention = 2.0 * slice.layers() * setup.tokens() * model.sequence() * model.dim();
        return (products + attention) / device.flops();
    }

    /** Seconds to encode or decode so many tensors that cross a stage's boundary. */
    private double codec(int tensors) {
        return memory(2L * tensors * setup.boundary() * Float.BYTES);
    }

    private double vector(long numbers, long passes) {
        return memory(numbers * Float.BYTES * passes);
    }

    private double memory(double bytes) {
        return bytes / device.memoryBytes();
    }

    private double digest(double bytes) {
        return bytes / device.digestBytes();
    }
}
