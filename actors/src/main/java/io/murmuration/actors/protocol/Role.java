package io.murmuration.actors.protocol;

/** What a peer does in a run. */
public enum Role {
    COORDINATOR,
    TRAINER,
    SHARD,
    /** Receives snapshots and keeps checkpoints. */
    KEEPER
}
