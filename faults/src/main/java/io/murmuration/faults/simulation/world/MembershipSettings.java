package io.murmuration.faults.simulation.world;

import java.time.Duration;
import java.util.Optional;

/**
 * How long membership takes to see and to decide; the defaults are what a Pekko Cluster is set to on good links. Shorter
 * takes hiccups for deaths, longer leaves work with the dead.
 *
 * @param unreachableAfter of silence until a node is taken for unreachable: heartbeats and the pause that is still accepted
 * @param refusedAfter the same when the process is gone and its machine refuses connections
 * @param seenAgainAfter until a node that can be heard again is reachable again: a heartbeat and its answer
 * @param stableAfter how long a node has to be unreachable before the side with the quorum decides to remove it
 * @param removalMargin from the decision to the removal, so that the other side has stopped by then
 * @param joinDelay until a new node that can reach the side with the quorum is a member
 * @param gossip the most that news takes to reach a node; drawn for each
 * @param crashedAfter until a node that cannot lead and whose machine refuses connections is removed, where that needs no
 *     decision of membership: two that were refused are enough; empty: as anybody else
 * @param handOver from the moment the leader is gone, or the first is there, until the next one leads
 */
public record MembershipSettings(
        Duration unreachableAfter,
        Duration refusedAfter,
        Duration seenAgainAfter,
        Duration stableAfter,
        Duration removalMargin,
        Duration joinDelay,
        Duration gossip,
        Optional<Duration> crashedAfter,
        Duration handOver) {

    public static final MembershipSettings DEFAULT = new MembershipSettings(
            Duration.ofSeconds(3),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            Duration.ofSeconds(1),
            Duration.ofSeconds(1),
            Duration.ofMillis(200),
            Optional.empty(),
            Duration.ofSeconds(1));

    public MembershipSettings {
        if (unreachableAfter.isNegative()
                || refusedAfter.compareTo(unreachableAfter) > 0
                || refusedAfter.isNegative()
                || seenAgainAfter.isNegative()
                || stableAfter.isNegative()
                || removalMargin.isNegative()
                || joinDelay.isNegative()
                || gossip.isNegative()
                || crashedAfter.filter(Duration::isNegative).isPresent()
                || handOver.isNegative()) {
            throw new IllegalArgumentException(
                    "no delay of membership is negative, and who refuses is not seen later than who is silent");
        }
    }
}
