package io.murmuration.faults.simulation.world;

import java.time.Duration;

/**
 * Limits of the simulated transports.
 *
 * @param queued data frames that may wait at the sender for one connection; one more is refused
 * @param unanswered data frames of one connection that the receiver may have left unanswered; fewer starve a long link,
 *     more let a slow receiver pile up memory
 * @param controlQueued control messages that may be under way from one node to another, waiting for a frozen receiver
 *     included; one more is dropped, as a full outbound queue drops it
 * @param connectionTimeout a connection on which nothing gets through for that long breaks, and what was offered fails;
 *     shorter breaks connections in every hiccup, longer keeps senders waiting for the dead
 * @param leastRetransmit what a lost piece costs beside a round trip the first time (Linux: 200 ms); it doubles with every
 *     further loss
 * @param mostRetransmit where the doubling ends; bounds how long after healing a silent connection goes on
 * @param pieceBytes what is lost and sent again as one: the longest piece on the wire
 * @param localDelay what an answer costs that no network is needed for, also between two actors of one node; never 0, so
 *     that who asks again at once does not stop the clock
 * @param reorderWithin the most by which a message that is overtaken is late
 */
public record NetworkSettings(
        int queued,
        int unanswered,
        int controlQueued,
        Duration connectionTimeout,
        Duration leastRetransmit,
        Duration mostRetransmit,
        int pieceBytes,
        Duration localDelay,
        Duration reorderWithin) {

    public static final NetworkSettings DEFAULT = new NetworkSettings(
            64,
            16,
            1024,
            Duration.ofSeconds(10),
            Duration.ofMillis(200),
            Duration.ofSeconds(5),
            256 * 1024,
            Duration.ofNanos(10_000),
            Duration.ofMillis(50));

    public NetworkSettings {
        if (queued < 1 || unanswered < 1 || controlQueued < 1 || pieceBytes < 1) {
            throw new IllegalArgumentException("every window has room for at least one, got " + queued + ", "
                    + unanswered + ", " + controlQueued + ", " + pieceBytes);
        }
        if (!connectionTimeout.isPositive()
                || !leastRetransmit.isPositive()
                || mostRetransmit.compareTo(leastRetransmit) < 0
                || !localDelay.isPositive()
                || !reorderWithin.isPositive()) {
            throw new IllegalArgumentException(
                    "every time of a network is above 0, and retransmission backs off upwards");
        }
    }
}
