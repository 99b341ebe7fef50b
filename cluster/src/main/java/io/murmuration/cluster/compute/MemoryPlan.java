package io.murmuration.cluster.compute;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.Workspace;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/**
 * What the tensors of a run take in this process, before any is allocated. The heap (messages, token ids, text) and mapped
 * files come on top.
 *
 * @param stages by number
 * @param replicas shards of each stage
 * @param donors shards of each stage that hold a snapshot while a checkpoint is made or somebody joins
 * @param checkpoint bytes in which a checkpoint is put together: parameters and optimiser state of the whole model
 * @param total bytes in all, while a checkpoint is made
 */
public record MemoryPlan(List<StageMemory> stages, int replicas, int donors, long checkpoint, long total) {

    /** A shard's accumulator and the average of its stage; each step that is begun early has an accumulator too. */
    private static final int GRADIENT_VECTORS = 2;

    private static final double GIB = 1L << 30;

    /**
     * Bytes of one stage.
     *
     * @param parameters numbers of the stage
     * @param weights of one shard
     * @param gradients of one shard: what it gathers for each open step, the average, and, where another replica may be lost, what it
     *     computes again without counting it
     * @param optimiser of one shard
     * @param before of one shard: weights and optimiser state before the last update, for doing it again where replicas
     *     disagree
     * @param activations of one shard: the scratch memory of a microbatch and what crosses the stage's boundaries
     * @param snapshot a copy of weights and optimiser, held by each donor
     */
    public record StageMemory(
            int stage,
            long parameters,
            long weights,
            long gradients,
            long optimiser,
            long before,
            long activations,
            long snapshot) {

        /** Bytes of one shard without a snapshot. */
        public long shard() {
            return Math.addExact(
                    Math.addExact(Math.addExact(weights, gradients), Math.addExact(optimiser, activations)), before);
        }
    }

    /** @throws UserError if the bytes do not even fit 64 bits */
    public static MemoryPlan of(RunSettings settings) {
        try {
            return exactly(settings);
        } catch (ArithmeticException e) {
            throw tooLarge(settings, e);
        }
    }

    /**
     * What one node needs: its shards, each of whichever stage is the largest, since they may all be sent there, with its
     * snapshot; and a checkpoint where it keeps them.
     *
     * @param shards 0 or more
     * @throws UserError if the bytes do not even fit 64 bits
     */
    public static MemoryPlan ofNode(RunSettings settings, int shards, boolean keeper) {
        MemoryPlan whole = of(settings);
        StageMemory largest = whole.stages().stream()
                .max(Comparator.comparingLong(StageMemory::shard))
                .orElseThrow();
        long checkpoint = keeper ? whole.checkpoint() : 0;
        try {
            long stages = Math.multiplyExact(Math.addExact(largest.shard(), largest.snapshot()), (long) shards);
            return new MemoryPlan(
                    shards > 0 ? List.of(largest) : List.of(),
                    shards,
                    shards,
                    checkpoint,
                    Math.addExact(stages, checkpoint));
        } catch (ArithmeticException e) {
            throw tooLarge(settings, e);
        }
    }

    private static UserError tooLarge(RunSettings settings, ArithmeticException e) {
        return new UserError("the model does not fit: " + settings.model() + " takes more than 2^63 bytes", e);
    }

    private static MemoryPlan exactly(RunSettings settings) {
        ModelSpec model = settings.model();
        List<StageMemory> stages = new ArrayList<>();
        int replicas = settings.swarm().replicas();
        int donors = Math.min(replicas, settings.limits().snapshotDonors());
        for (StagePlan.Slice slice :
                StagePlan.of(model.layers(), settings.swarm().stages()).slices()) {
            stages.add(stage(
                    model,
                    slice,
                    settings.batch().microbatch(),
                    GRADIENT_VECTORS + settings.swarm().staleness() + (replicas > 1 ? 1 : 0),
                    settings.optimiser().inner().vectors().size()));
        }
        long state = stages.stream().mapToLong(StageMemory::snapshot).reduce(0, Math::addExact);
        long total = state;
        for (StageMemory stage : stages) {
            long shards = Math.multiplyExact(stage.shard(), replicas);
            total = Math.addExact(total, Math.addExact(shards, Math.multiplyExact(stage.snapshot(), donors)));
        }
        return new MemoryPlan(List.copyOf(stages), replicas, donors, state, total);
    }

    private static StageMemory stage(
            ModelSpec model, StagePlan.Slice slice, int microbatch, int gradients, int optimiserVectors) {
        long parameters = ParameterLayout.of(model, slice).length();
        long vector = Math.multiplyExact(parameters, (long) Float.BYTES);
        long boundary =
                Math.multiplyExact((long) microbatch * model.sequence(), (long) model.boundaryWidth()) * Float.BYTES;
        // Each side of the stage that has a neighbour: the activations and their gradient.
        long boundaries = boundary * ((slice.first() ? 0 : 2) + (slice.last() ? 0 : 2));
        long rotary = (long) model.sequence() * model.headDim() * Float.BYTES;
        // Every stage rebuilds what it receives: it has the basis and the fixed part of all embeddings.
        long fixed =
                model.subspace() > 0 ? ((long) model.vocabulary() + model.subspace()) * model.dim() * Float.BYTES : 0;
        long moment = model.subspaceRefresh() > 0 ? (long) model.dim() * model.dim() * Float.BYTES : 0;
        return new StageMemory(
                slice.stage(),
                parameters,
                vector,
                Math.multiplyExact(vector, gradients),
                Math.multiplyExact(vector, optimiserVectors),
                Math.multiplyExact(vector, 1 + optimiserVectors),
                Workspace.bytes(model, slice, microbatch) + boundaries + rotary + fixed + moment,
                Math.multiplyExact(vector, 1 + optimiserVectors));
    }

    /** Numbers of the whole model. */
    public long parameters() {
        return stages.stream().mapToLong(StageMemory::parameters).sum();
    }

    /** One line per stage, then the checkpoint's and the sum. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        for (StageMemory stage : stages) {
            lines.add(String.format(
                    Locale.ROOT,
                    "stage %d: %,d parameters; %d x (weights %s + gradients %s + optimiser %s + before %s"
                            + " + activations %s) + %d x snapshot %s",
                    stage.stage(),
                    stage.parameters(),
                    replicas,
                    size(stage.weights()),
                    size(stage.gradients()),
                    size(stage.optimiser()),
                    size(stage.before()),
                    size(stage.activations()),
                    donors,
                    size(stage.snapshot())));
        }
        lines.add("checkpoint: " + size(checkpoint));
        lines.add(String.format(Locale.ROOT, "in all: %,d parameters, %s", parameters(), size(total())));
        return lines;
    }

    /** Bytes as people read them. */
    public static String size(long bytes) {
        return bytes >= GIB / 10
                ? String.format(Locale.ROOT, "%.2f GiB", bytes / GIB)
                : String.format(Locale.ROOT, "%.2f MiB", bytes * 1024 / GIB);
    }
}
