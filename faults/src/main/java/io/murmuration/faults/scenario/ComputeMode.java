package io.murmuration.faults.scenario;

/** What computes in a scenario. */
public enum ComputeMode {
    /** The pure-Java backend with the model nano: real numbers, equal bits everywhere. */
    REAL,
    /** Nothing is computed; it takes the time that its floating-point operations would, and the memory. */
    COST
}
