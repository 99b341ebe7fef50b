package io.murmuration.cluster.config;

/** How the learning rate goes on after warm-up. */
public enum ScheduleName {
    /** Stays. */
    CONSTANT,
    /** Falls in a straight line. */
    LINEAR,
    /** Falls along half a cosine. */
    COSINE,
    /** Warm-up, stable, decay: stays, then falls along half a cosine, then in a straight line. */
    WSD
}
