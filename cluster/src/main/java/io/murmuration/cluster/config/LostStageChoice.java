package io.murmuration.cluster.config;

/** What becomes of a stage that has lost all its replicas. */
public enum LostStageChoice {
    /** Everybody goes back to the newest checkpoint. */
    CHECKPOINT,
    /** It is built from the stages before and behind it, where that can be done. */
    NEIGHBOURS
}
