package io.murmuration.cluster.run;

import io.murmuration.actors.routing.AdaptiveDeadline;
import io.murmuration.actors.shard.ShardSettings;
import io.murmuration.actors.trainer.TrainerSettings;
import io.murmuration.actors.transfer.TransferSettings;
import io.murmuration.cluster.config.RunSettings;
import java.time.Duration;
import java.util.Optional;

/**
 * Bounds of one process's swarm; each is explained in {@code reference.conf} under {@code limits}.
 *
 * @param credits forward microbatches admitted per upstream
 * @param deadline how long a hop may take
 * @param retry pause before something refused is offered again
 * @param ban how long a replica is left out after the way to it failed
 * @param controlRetry pause before the coordinator asks again
 * @param holdBoundary how long a step boundary waits for joiners and checkpoints
 * @param joinAttempts snapshots a joiner may fail to take
 * @param restarts failures after which a peer is given up
 * @param leaveWait how long a node that leaves waits for its peers to hand over what they hold
 * @param averagingPartBytes part of a vector that one replica reduces at a time, as fp32
 * @param earlyParts averaging parts kept for a round that has not begun here
 * @param joinDonors shards of a stage that pin a snapshot at once
 * @param joinLag steps that a joiner may be behind
 * @param joinQueueBytes averages that a joiner keeps
 * @param chunkBytes size of a chunk of a snapshot
 * @param chunkWindow chunks asked of one donor at once
 * @param chunkAttempts answers in a row that a donor may owe or refuse
 * @param snapshotDeadline how long a donor may take for an answer
 * @param pinWait how long a donor keeps a copy that nobody asks for
 * @param linkQueue frames waiting on one link
 * @param linkUnanswered frames of one link waiting for the receiver
 */
public record SwarmLimits(
        int credits,
        AdaptiveDeadline.Settings deadline,
        Duration retry,
        Duration ban,
        Duration controlRetry,
        Duration holdBoundary,
        int joinAttempts,
        int restarts,
        Duration leaveWait,
        int averagingPartBytes,
        int earlyParts,
        int joinDonors,
        int joinLag,
        long joinQueueBytes,
        int chunkBytes,
        int chunkWindow,
        int chunkAttempts,
        Duration snapshotDeadline,
        Duration pinWait,
        int linkQueue,
        int linkUnanswered) {

    /** As the settings of a run say. */
    public static SwarmLimits of(RunSettings.Limits limits) {
        return new SwarmLimits(
                limits.creditsPerUpstream(),
                new AdaptiveDeadline.Settings(
                        limits.deadlineFloor().toNanos(),
                        limits.deadlineCeiling().toNanos(),
                        limits.deadlineSpread()),
                limits.retry(),
                limits.ban(),
                limits.controlRetry(),
                limits.holdBoundary(),
                limits.joinAttempts(),
                limits.restarts(),
                limits.leaveWait(),
                limits.averagingPartBytes(),
                limits.earlyParts(),
                limits.snapshotDonors(),
                limits.joinLag(),
                limits.joinQueueBytes(),
                limits.snapshotChunkBytes(),
                limits.snapshotWindow(),
                limits.snapshotAttempts(),
                limits.snapshotDeadline(),
                limits.pinWait(),
                limits.linkQueue(),
                limits.linkUnanswered());
    }

    /**
     * What the shards of a run need of it.
     *
     * @param loadEvery how often each tells its load; empty: never
     */
    public ShardSettings shard(String run, int stages, Optional<Duration> loadEvery) {
        return new ShardSettings(
                run,
                stages,
                credits,
                deadline,
                retry,
                ban,
                averagingPartBytes / Float.BYTES,
                earlyParts,
                transfers(run),
                joinQueueBytes,
                loadEvery);
    }

    /** What sends and takes snapshots needs of it. */
    public TransferSettings transfers(String run) {
        return new TransferSettings(run, chunkBytes, chunkWindow, chunkAttempts, snapshotDeadline, retry, pinWait);
    }

    /** What the trainers of a run need of it. */
    public TrainerSettings trainer(String run) {
        return new TrainerSettings(run, credits, deadline, retry, ban);
    }
}
