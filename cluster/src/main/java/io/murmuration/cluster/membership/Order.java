package io.murmuration.cluster.membership;

/** What a person wants of the run, or of one node. */
public enum Order {
    /** No step is opened any more from the next boundary on. */
    PAUSE,
    /** Steps are opened again. */
    RESUME,
    /** A checkpoint at the next boundary. */
    CHECKPOINT,
    /** One node hands over what it holds and goes. */
    LEAVE
}
