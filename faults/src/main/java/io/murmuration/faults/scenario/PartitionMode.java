package io.murmuration.faults.scenario;

/**
 * What a cut does to the messages and connections between two sides. It concerns every pair of a node of one side and a
 * node of the other, both planes, both directions (ONE_WAY: one). Nobody is told of a cut but as said here.
 */
public enum PartitionMode {
    /**
     * Packets vanish; connections stay open and send again. A sender is told nothing. Healing drains: what was sent
     * meanwhile and was not given up arrives, late.
     */
    DROP,
    /**
     * What is sent is taken and never arrives, as behind a dead NAT or a full tunnel. A sender is told nothing. Healing
     * discards: what was swallowed is gone.
     */
    BLACK_HOLE,
    /** Every send is refused at once (no route, connection refused), and the sender is told. Nothing is queued. */
    REJECT,
    /**
     * Connections are reset: what was under way is gone and its sender is told; so is who sends later, until it heals.
     */
    RESET,
    /** As DROP, from the first side to the second; the other direction works. */
    ONE_WAY
}
