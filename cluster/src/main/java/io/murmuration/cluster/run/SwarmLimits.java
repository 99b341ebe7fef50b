package io.murmuration.cluster.run;

import io.murmuration.actors.routing.AdaptiveDeadline;
import java.time.Duration;

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
 * @param chunkBytes size of a chunk of a snapshot
 * @param chunkWindow chunks under way at once
 * @param chunkAttempts refusals in a row after which a receiver is given up
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
        int chunkBytes,
        int chunkWindow,
        int chunkAttempts,
        int linkQueue,
        int linkUnanswered) {}
