package io.murmuration.cluster.config;

import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.tensors.codec.Codec;
import io.murmuration.tensors.codec.EncodedTensor;
import io.murmuration.tensors.data.Tokeniser;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.InnerOptimiser;
import io.murmuration.tensors.optim.NAdam;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Everything a run is told, checked once at the edge and never read again from a file. Each key is explained in
 * {@code reference.conf} under the same name.
 *
 * @param out folder that gets a run directory per run
 * @param importFrom a Hugging Face model whose weights the run starts from
 * @param rebalance when shards move between stages; empty: never
 */
public record RunSettings(
        String name,
        long seed,
        int steps,
        Path out,
        Data data,
        ModelSpec model,
        Optional<Path> importFrom,
        Batch batch,
        Swarm swarm,
        Wire wire,
        Links links,
        Optimiser optimiser,
        Validation validation,
        Checkpoint checkpoint,
        Compute compute,
        Sample sample,
        Optional<RebalanceSettings> rebalance,
        Limits limits) {

    /**
     * What is learnt.
     *
     * @param path a file or a folder; empty: the built-in corpus
     * @param validation a file or a folder to validate on; empty: the end of {@code path}
     * @param textKey where a line of JSON has its document
     * @param tokenBytes bytes of an id in token files; 0: as many as the vocabulary needs, at least 2
     * @param cache folder for the ids of text that cannot be mapped as it is
     */
    public record Data(
            Optional<Path> path,
            Optional<Path> validation,
            Tokeniser tokeniser,
            String textKey,
            int tokenBytes,
            Path cache) {}

    /**
     * @param sequences sequences per optimiser step
     * @param microbatch sequences per microbatch; divides {@code sequences}
     */
    public record Batch(int sequences, int microbatch) {
        public int microbatches() {
            return sequences / microbatch;
        }
    }

    /**
     * How many slices of the model, shards per slice, and trainers.
     *
     * @param staleness versions that a gradient may be computed too early, 0 in a synchronous run
     * @param lostStage what becomes of a stage that has lost all its replicas
     */
    public record Swarm(int stages, int replicas, int trainers, int staleness, LostStageChoice lostStage) {
        public int shards() {
            return stages * replicas;
        }

        /**
         * By how many versions the first stage's gradients are too old, because a microbatch takes its time from there to the
         * end and back, when each update takes so many microbatches (AsyncPP, arXiv 2505.01099, section 3).
         */
        public int structuralDelay(int microbatches) {
            return (2 * (stages - 1) + 1) / (2 * microbatches);
        }
    }

    /**
     * What {@code train} pretends to have between any two of its peers, in each direction.
     *
     * @param latency of everything, one way
     * @param jitter at most, on top of it
     * @param rate bits a second; 0: no limit
     */
    public record Links(Duration latency, Duration jitter, long rate) {

        /** Whether there is nothing to pretend. */
        public boolean direct() {
            return latency.isZero() && jitter.isZero() && rate == 0;
        }
    }

    /** Encodings between stages ({@code activations}, also of their gradients) and inside a stage. */
    public record Wire(Codec activations, Codec averaging) {}

    /**
     * What turns gradients into parameters.
     *
     * @param inner the optimiser with its constants
     * @param schedule how the learning rate goes on after a linear warm-up
     * @param warmUp part of all steps, 0 to 1
     * @param decay shape of the schedule wsd
     * @param clip largest global norm of a gradient
     * @param delayDiscountSteps steps in which the learning rate, divided by the delay at first, comes to its full height; 0: it
     *     is never divided
     */
    public record Optimiser(
            InnerOptimiser.Settings inner,
            ScheduleName schedule,
            double learningRate,
            double finalLearningRate,
            double warmUp,
            Decay decay,
            double clip,
            int delayDiscountSteps) {}

    /**
     * How the schedule wsd ends.
     *
     * @param cosine part of all steps in which the rate falls along half a cosine
     * @param cosineEnd part of the highest learning rate that is left then
     * @param linear part of all steps, the last ones, in which it falls in a line
     */
    public record Decay(double cosine, double cosineEnd, double linear) {}

    /** @param every steps between two validations; 0: only at the end */
    public record Validation(int every, int windows) {}

    /**
     * @param every steps between two checkpoints; 0: only at the end
     * @param keep newest checkpoints that stay
     * @param copies keepers that get each checkpoint, if there are so many
     */
    public record Checkpoint(int every, int keep, int copies) {}

    /**
     * @param threads width of the compute pool, at least 1 (the 0 of the file is already the number of cores)
     * @param memoryBytes what a run's tensors may take; 0: what the machine has available when it starts
     */
    public record Compute(ComputeBackend backend, int threads, long memoryBytes) {}

    /** The text shown at the end of a run. */
    public record Sample(String prompt, int bytes, double temperature) {}

    /**
     * Bounds of queues, windows and waits.
     *
     * @param creditsPerUpstream forward microbatches admitted per upstream
     * @param deadlineSpread median absolute deviations above the median
     * @param retry pause before something refused is offered again
     * @param ban how long a replica is left out after the way to it failed
     * @param controlRetry pause before the coordinator asks again
     * @param holdBoundary how long a step boundary waits for joiners and checkpoints
     * @param gatherWait how long a run waits for the members it is planned with
     * @param promiseWait how long a new coordinator waits for promises before a stage is lost
     * @param leaveWait how long a node that leaves waits to be let go
     * @param joinAttempts snapshots a joiner may fail to take
     * @param restarts starts after a fault before a peer is given up
     * @param averagingPartBytes part of a vector that one replica reduces at a time
     * @param earlyParts averaging parts kept for a round that has not begun at a shard
     * @param snapshotDonors shards of a stage that pin a snapshot at once
     * @param joinLag steps that a joiner may be behind
     * @param joinQueueBytes averages that a joiner keeps
     * @param snapshotChunkBytes size of a chunk of a snapshot
     * @param snapshotWindow chunks of a snapshot asked of one donor at once
     * @param snapshotAttempts answers in a row that a donor may owe or refuse
     * @param snapshotDeadline how long a donor may take for an answer
     * @param pinWait how long a donor keeps a copy that nobody asks for
     * @param linkQueue frames waiting on one link
     * @param linkUnanswered frames of one link waiting for the receiver
     * @param logSize bytes of the log of a run in one process before it is begun anew
     */
    public record Limits(
            int creditsPerUpstream,
            Duration deadlineFloor,
            Duration deadlineCeiling,
            double deadlineSpread,
            Duration retry,
            Duration ban,
            Duration controlRetry,
            Duration holdBoundary,
            Duration gatherWait,
            Duration promiseWait,
            Duration leaveWait,
            int joinAttempts,
            int restarts,
            int averagingPartBytes,
            int earlyParts,
            int snapshotDonors,
            int joinLag,
            long joinQueueBytes,
            int snapshotChunkBytes,
            int snapshotWindow,
            int snapshotAttempts,
            Duration snapshotDeadline,
            Duration pinWait,
            int linkQueue,
            int linkUnanswered,
            long logSize) {}

    /** What crosses between two stages is one message, and a message is a byte array: as long as the JVM makes one. */
    private static final long LONGEST_MESSAGE = Integer.MAX_VALUE - 8;

    /** Numbers in a vector that is long enough for its header not to count, in which an encoding is measured. */
    private static final int AVERAGED = 1 << 16;

    /** @throws UserError if values that are fine alone do not go together */
    public RunSettings {
        require(
                swarm.stages() <= model.layers(),
                "swarm.stages is %d, but the model has %d layers: a stage holds at least one layer",
                swarm.stages(),
                model.layers());
        require(
                batch.sequences() % batch.microbatch() == 0,
                "batch.microbatch is %d, which does not divide batch.sequences (%d)",
                batch.microbatch(),
                batch.sequences());
        require(
                batch.microbatches() >= swarm.trainers(),
                "swarm.trainers is %d, but a step has only %d microbatches (batch.sequences / batch.microbatch): each"
                        + " trainer needs one",
                swarm.trainers(),
                batch.microbatches());
        int delay = swarm.structuralDelay(batch.microbatches());
        require(
                swarm.staleness() == 0 || swarm.staleness() >= delay,
                "swarm.staleness is %d, but with %d stages and %d microbatches a step the pipeline alone makes gradients %d"
                        + " versions old: allow that many, have more microbatches in a step, or 0 for a synchronous run",
                swarm.staleness(),
                swarm.stages(),
                batch.microbatches(),
                delay);
        long numbers = (long) batch.microbatch() * model.sequence() * model.boundaryWidth();
        // No encoding takes less than a bit for a number; the exact size of more than that may not fit a long.
        long message = numbers > Byte.SIZE * LONGEST_MESSAGE
                ? numbers / Byte.SIZE
                : EncodedTensor.size(
                        wire.activations(), new int[] {batch.microbatch(), model.sequence(), model.boundaryWidth()});
        require(
                message <= LONGEST_MESSAGE,
                "batch.microbatch x model.sequence x %s is %d, which takes %s%d bytes as %s"
                        + " (wire.activations), but what crosses between two stages is one message of at most %d bytes",
                model.subspace() > 0 ? "model.subspace" : "model.dim",
                numbers,
                numbers > Byte.SIZE * LONGEST_MESSAGE ? "at least " : "",
                message,
                wire.activations().name(),
                LONGEST_MESSAGE);
        require(
                model.subspaceRefresh() == 0 || swarm.staleness() == 0,
                "model.subspace-refresh is %d with swarm.staleness = %d: a gradient computed before the subspace moved means"
                        + " nothing after it; use swarm.staleness = 0",
                model.subspaceRefresh(),
                swarm.staleness());
        require(
                model.subspaceRefresh() == 0 || swarm.shards() == 1,
                "model.subspace-refresh is %d with swarm.stages = %d and swarm.replicas = %d: where the subspace goes follows from"
                        + " gradients that only the last stage sees, and nothing tells the other shards; use one shard, or 0",
                model.subspaceRefresh(),
                swarm.stages(),
                swarm.replicas());
        require(
                EncodedTensor.size(wire.averaging(), new int[] {AVERAGED}) >= AVERAGED,
                "wire.averaging is %s, less than 8 bits a number: what such an encoding leaves out of an average is lost unless its"
                        + " sender adds it the next time (error feedback), which averaging does not do; use int8 or more there,"
                        + " %s is for wire.activations",
                wire.averaging().name(),
                wire.averaging().name());
        List<Integer> layers = layersOfStages(model, swarm);
        require(
                swarm.lostStage() != LostStageChoice.NEIGHBOURS
                        || IntStream.range(1, layers.size() - 1)
                                .anyMatch(stage -> Set.copyOf(layers.subList(stage - 1, stage + 2))
                                                .size()
                                        == 1),
                "swarm.lost-stage is neighbours with layers %s in swarm.stages = %d stages: none lies between two that have as many"
                        + " layers as it has, so none could ever be built from its neighbours; use other stages, or checkpoint",
                layers,
                swarm.stages());
        require(
                !model.tiedHead() || swarm.stages() == 1,
                "model.tied-head is true with swarm.stages = %d: the first stage would hold the embedding and the last"
                        + " one the same matrix as head, and no stage sees the other's gradient; use one stage, or a head"
                        + " of its own",
                swarm.stages());
        require(
                model.vocabulary() >= data.tokeniser().vocabulary(),
                "model.vocabulary is %d, but data.tokeniser %s has %d token ids",
                model.vocabulary(),
                data.tokeniser().name(),
                data.tokeniser().vocabulary());
        require(
                optimiser.finalLearningRate() <= optimiser.learningRate(),
                "optimiser.final-learning-rate is %s, above optimiser.learning-rate (%s)",
                optimiser.finalLearningRate(),
                optimiser.learningRate());
        require(
                !(optimiser.inner() instanceof NAdam.Settings nadam) || !nadam.byStage() || swarm.staleness() > 0,
                "optimiser.momentum-by-stage is true with swarm.staleness = 0: it makes up for gradients that are too old, and in a"
                        + " synchronous run none is; allow some staleness, or set it to false");
        require(
                optimiser.delayDiscountSteps() == 0 || swarm.staleness() > 1,
                "optimiser.delay-discount-steps is %d with swarm.staleness = %d: the learning rate is divided by the versions that"
                        + " a gradient may be too old, and dividing by 1 changes nothing; allow at least 2, or set it to 0",
                optimiser.delayDiscountSteps(),
                swarm.staleness());
        Decay decay = optimiser.decay();
        require(
                optimiser.schedule() != ScheduleName.WSD || optimiser.warmUp() + decay.cosine() + decay.linear() <= 1,
                "optimiser.warm-up, optimiser.wsd.cosine and optimiser.wsd.linear are %s, %s and %s of all steps: more"
                        + " than all",
                optimiser.warmUp(),
                decay.cosine(),
                decay.linear());
        require(
                optimiser.schedule() != ScheduleName.WSD
                        || decay.linear() == 0
                        || decay.cosineEnd() * optimiser.learningRate() >= optimiser.finalLearningRate(),
                "optimiser.wsd.cosine-end x optimiser.learning-rate is %s x %s = %s, below optimiser.final-learning-rate"
                        + " (%s): the line at the end would climb",
                decay.cosineEnd(),
                optimiser.learningRate(),
                decay.cosineEnd() * optimiser.learningRate(),
                optimiser.finalLearningRate());
        require(
                limits.deadlineFloor().compareTo(limits.deadlineCeiling()) <= 0,
                "limits.deadline-floor is %d ms, above limits.deadline-ceiling (%d ms)",
                limits.deadlineFloor().toMillis(),
                limits.deadlineCeiling().toMillis());
    }

    /** How many layers each stage holds. */
    public List<Integer> layersOfStages() {
        return layersOfStages(model, swarm);
    }

    private static List<Integer> layersOfStages(ModelSpec model, Swarm swarm) {
        return StagePlan.of(model.layers(), swarm.stages()).slices().stream()
                .map(StagePlan.Slice::layers)
                .toList();
    }

    private static void require(boolean holds, String message, Object... values) {
        if (!holds) {
            throw new UserError(String.format(Locale.ROOT, message, values));
        }
    }
}
