package io.murmuration.faults.simulation.world;

/**
 * What one class of traffic has done in one direction between two nodes so far.
 *
 * @param messages sent, what the transport repeats or answers apart
 * @param bytes of these
 * @param dropped control messages lost, frames refused for a full queue or lost on the way
 * @param duplicated arrived twice
 * @param corrupted arrived damaged
 * @param retransmitted pieces lost and sent again
 */
public record LinkCount(
        String from,
        String to,
        TrafficClass traffic,
        long messages,
        long bytes,
        long dropped,
        long duplicated,
        long corrupted,
        long retransmitted) {}
