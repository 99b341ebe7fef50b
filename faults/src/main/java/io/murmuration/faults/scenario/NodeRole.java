package io.murmuration.faults.scenario;

/** What a node of a scenario takes part as. */
public enum NodeRole {
    /** Holds a replica of a stage. */
    SHARD,
    /** May lead the run; also keeps checkpoints. */
    COORDINATOR,
    /** Draws microbatches. */
    TRAINER,
    /** Recomputes sampled work. Accepted in a file; nobody verifies before the verification work is done. */
    VERIFIER
}
