package io.murmuration.cluster.config;

import io.murmuration.actors.protocol.DataFrame.Traffic;
import java.time.Duration;

/**
 * Limits of the data plane between nodes; {@code murmuration.data-plane} in {@code reference.conf} says why each is what it
 * is.
 *
 * @param bindHost where this node listens; an operator's setting of the node, not of the plane
 * @param bindPort 0: any free port
 * @param largestMessage bytes of the largest frame
 * @param windows bytes that a peer may have unanswered, by class
 * @param queueFrames frames that may wait for one connection
 * @param queueBytes bytes that may wait for one connection
 * @param bulkRate bytes per second of bulk traffic to all peers together; 0: no limit
 * @param connections most that others may have to this node
 * @param socketBuffer bytes of each socket's buffers; 0: the system chooses
 */
public record DataPlaneSettings(
        String bindHost,
        int bindPort,
        long largestMessage,
        Windows windows,
        int queueFrames,
        long queueBytes,
        long bulkRate,
        Times times,
        Backoff backoff,
        Marks marks,
        int connections,
        int peersRemembered,
        int socketBuffer) {

    /** Bytes by traffic class. */
    public record Windows(long forward, long backward, long bulk) {
        public long of(Traffic traffic) {
            return switch (traffic) {
                case FORWARD -> forward;
                case BACKWARD -> backward;
                case BULK -> bulk;
            };
        }
    }

    /**
     * Waits.
     *
     * @param connect for a connection
     * @param handshake for the words that begin it
     * @param probe between two looks whether the peer is heard; who was not is asked to answer; as often it is looked
     *     which peers are gone
     * @param idle without a byte, after which a connection is over
     */
    public record Times(Duration connect, Duration handshake, Duration probe, Duration idle) {}

    /**
     * Between attempts to connect.
     *
     * @param attempts in a row that nobody asked for, after a connection was lost
     */
    public record Backoff(Duration first, Duration most, int attempts) {}

    /** How long a node that has sent nonsense is kept out. */
    public record Marks(Duration first, Duration most) {}

    /** The same, listening elsewhere. */
    public DataPlaneSettings boundTo(String host, int port) {
        return new DataPlaneSettings(
                host,
                port,
                largestMessage,
                windows,
                queueFrames,
                queueBytes,
                bulkRate,
                times,
                backoff,
                marks,
                connections,
                peersRemembered,
                socketBuffer);
    }
}
