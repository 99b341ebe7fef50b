package io.murmuration.actors.run;

import io.murmuration.actors.rebalance.RebalanceSettings;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * What the coordinator steers towards.
 *
 * @param stages number of stages
 * @param replicas shards of each stage that must be there before the run begins
 * @param trainers trainers that must be there before the run begins
 * @param firstVersion version the run starts from: 0, or that of the checkpoint it resumes
 * @param lastVersion version at which the run is finished
 * @param microbatches microbatches in a training step
 * @param evaluateEvery versions between evaluations
 * @param evaluationMicrobatches microbatches in an evaluation; 0 for none
 * @param keepEvery versions between checkpoints
 * @param controlRetry how long to wait for an answer before asking again
 * @param holdBoundary how long a step may be held back for joiners and for a checkpoint under way
 * @param joins how members come in while the run is under way
 * @param keepers keepers that must be there before the run begins, because they may know a later version to begin from
 * @param copies keepers that get each checkpoint, if there are so many
 * @param gatherWait how long the run waits for the shards and trainers it is planned with, before it begins with at least
 *     one shard for each stage; and then for those who build their first version
 * @param staleness most steps that may be begun before one is over; 0 for a synchronous run. So many versions at most are
 *     between the one that a gradient was computed with and the one that it is applied to
 * @param promiseWait how long a new coordinator waits for the promises of those who are present, and for somebody who has
 *     a stage, before it declares that stage lost
 * @param rebuildable layers of every stage, in a run that rebuilds a lost stage from its neighbours where it can; empty in
 *     one that always goes back to a checkpoint
 * @param rebalance when shards are moved between stages; empty: never, and joiners go where the fewest shards are
 */
public record RunPlan(
        int stages,
        int replicas,
        int trainers,
        long firstVersion,
        long lastVersion,
        int microbatches,
        long evaluateEvery,
        int evaluationMicrobatches,
        long keepEvery,
        Duration controlRetry,
        Duration holdBoundary,
        Joins joins,
        int keepers,
        int copies,
        Duration gatherWait,
        int staleness,
        Duration promiseWait,
        List<Integer> rebuildable,
        Optional<RebalanceSettings> rebalance) {

    public RunPlan {
        rebuildable = List.copyOf(rebuildable);
        if (!rebuildable.isEmpty() && rebuildable.size() != stages) {
            throw new IllegalArgumentException(
                    "expected the layers of " + stages + " stages, got " + rebuildable.size());
        }
    }

    /** A plan without moves. */
    public RunPlan(
            int stages,
            int replicas,
            int trainers,
            long firstVersion,
            long lastVersion,
            int microbatches,
            long evaluateEvery,
            int evaluationMicrobatches,
            long keepEvery,
            Duration controlRetry,
            Duration holdBoundary,
            Joins joins,
            int keepers,
            int copies,
            Duration gatherWait,
            int staleness,
            Duration promiseWait,
            List<Integer> rebuildable) {
        this(
                stages,
                replicas,
                trainers,
                firstVersion,
                lastVersion,
                microbatches,
                evaluateEvery,
                evaluationMicrobatches,
                keepEvery,
                controlRetry,
                holdBoundary,
                joins,
                keepers,
                copies,
                gatherWait,
                staleness,
                promiseWait,
                rebuildable,
                Optional.empty());
    }

    /** The same, with moves. */
    public RunPlan rebalancing(Optional<RebalanceSettings> settings) {
        return new RunPlan(
                stages,
                replicas,
                trainers,
                firstVersion,
                lastVersion,
                microbatches,
                evaluateEvery,
                evaluationMicrobatches,
                keepEvery,
                controlRetry,
                holdBoundary,
                joins,
                keepers,
                copies,
                gatherWait,
                staleness,
                promiseWait,
                rebuildable,
                settings);
    }

    /**
     * How members come in while the run is under way.
     *
     * @param attempts snapshots a joiner may fail with before the boundary is held for it, once, and it is then rejected
     * @param donors most shards of a stage that pin a snapshot and serve it
     * @param lag most steps that a joiner may be behind its stage before it is to take a newer snapshot
     */
    public record Joins(int attempts, int donors, int lag) {}
}
