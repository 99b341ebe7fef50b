package io.murmuration.cluster.config;

/** Which implementation of the compute seam does the arithmetic. */
public enum ComputeBackend {
    /** ND4J with native BLAS. */
    ND4J,
    /** Pure Java in a fixed order: slow, and equal bits on every machine. */
    JAVA
}
