package io.murmuration.faults.simulation.world;

/** Ends a fault; the second time it does nothing. */
@FunctionalInterface
public interface Healing {
    void heal();
}
