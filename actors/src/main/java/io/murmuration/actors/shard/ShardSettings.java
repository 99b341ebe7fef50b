package io.murmuration.actors.shard;

import io.murmuration.actors.routing.AdaptiveDeadline;
import io.murmuration.actors.transfer.TransferSettings;
import java.time.Duration;
import java.util.Optional;

/**
 * What a shard needs to know beside the protocol.
 *
 * @param run identity of the run; frames of another are refused
 * @param stages number of stages
 * @param credits unfinished first attempts each upstream may have here
 * @param deadline how long a hop may take
 * @param retry pause before something refused is offered again
 * @param ban how long a replica is left out after the way to it failed
 * @param partLength most numbers in one part of an averaging
 * @param earlyParts averaging parts kept for a round that has not begun here
 * @param transfer how snapshots are pulled and served
 * @param joinQueueBytes averages that a joiner keeps until it can apply them, and that wait for a joiner at their owner
 * @param loadEvery how often it tells the coordinator its load; empty: never
 */
public record ShardSettings(
        String run,
        int stages,
        int credits,
        AdaptiveDeadline.Settings deadline,
        Duration retry,
        Duration ban,
        long partLength,
        int earlyParts,
        TransferSettings transfer,
        long joinQueueBytes,
        Optional<Duration> loadEvery) {}
