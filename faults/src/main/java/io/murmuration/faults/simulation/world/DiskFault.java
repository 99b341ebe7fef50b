package io.murmuration.faults.simulation.world;

/** What happens to what a node has stored. */
public enum DiskFault {
    /** Nothing more can be written until the disk is repaired. */
    FULL,
    /** One bit of a stored file changes. */
    BITFLIP,
    /** A stored file loses its end. */
    TRUNCATE
}
