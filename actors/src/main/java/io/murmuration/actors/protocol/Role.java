package io.murmuration.actors.protocol;

/** What a peer does in a run. */
public enum Role {
    COORDINATOR,
    TRAINER,
    SHARD,
    /** Receives snapshots and keeps checkpoints. */
    KEEPER,
    /** Checks what others have computed. Nobody does yet: a node may have this role, and hosts nothing for it. */
    VERIFIER
}
