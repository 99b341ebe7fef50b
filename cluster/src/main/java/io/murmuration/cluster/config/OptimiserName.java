package io.murmuration.cluster.config;

/** Which inner optimiser a run uses. */
public enum OptimiserName {
    /** AdamW. */
    ADAMW,
    /** Adam with Nesterov's look-ahead. */
    NADAM,
    /** Gradient descent, with momentum or without. */
    SGD
}
