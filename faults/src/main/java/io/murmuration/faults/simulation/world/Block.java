package io.murmuration.faults.simulation.world;

/** How a direction between two nodes is cut. Where several are in force, the first of these counts. */
public enum Block {
    /**
     * Nothing arrives and nobody is told. What is on the way already still arrives. What is being sent waits at
     * the sender and is sent again when the transport next tries after healing, in order; if that is not within the
     * connection's time-out the connection breaks and its waiting control messages are lost, its offers fail.
     */
    DROP,
    /**
     * As {@link #DROP}, but healing does not help what was swallowed: the connections that something was sent on stay
     * silent, as behind a translator that has forgotten them, until their time-out breaks them. New ones work.
     */
    BLACK_HOLE,
    /** Connections close at once, what is on the way is lost, and every new attempt is turned down locally at once. */
    REJECT,
    /** Connections close at once, what is on the way is lost, and every new attempt is turned down after a round trip. */
    RESET
}
