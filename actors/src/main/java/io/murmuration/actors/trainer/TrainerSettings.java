package io.murmuration.actors.trainer;

import io.murmuration.actors.routing.AdaptiveDeadline;
import java.time.Duration;

/**
 * What a trainer needs to know beside the protocol.
 *
 * @param run identity of the run
 * @param credits microbatches under way at one shard of stage 0
 * @param deadline how long a microbatch may take to come back
 * @param retry pause before something refused or unanswered is sent again
 * @param ban how long a shard is left out after the way to it failed
 */
public record TrainerSettings(
        String run, int credits, AdaptiveDeadline.Settings deadline, Duration retry, Duration ban) {}
