package io.murmuration.faults.simulation.compute;

/** The disk of a node as faults leave it. */
@FunctionalInterface
public interface Disk {

    Disk HEALTHY = () -> false;

    /** Whether nothing more can be written now. */
    boolean full();
}
