package io.murmuration.faults.simulation.world;

/** Told what happens to machines, at the moment it happens; in the order in which listeners were added. */
public interface MachineListener {

    /** A new life begins; its ports work from now on. */
    default void started(String node, long life) {}

    /** A life is over: its ports are cut already, its actors are to be stopped. */
    default void stopped(String node, long life, Death death) {}

    /** The process is frozen: nothing happens at it until it is resumed. */
    default void paused(String node) {}

    default void resumed(String node) {}

    /** From now on everything takes {@code factor} times as long; 1 is as usual. */
    default void slowed(String node, double factor) {}

    /**
     * Something happens to what the node has stored.
     *
     * @param chance decides which file and which bit, the same in every run with the same seed
     */
    default void disk(String node, DiskFault fault, long chance) {}

    /** A full disk has room again. */
    default void diskRepaired(String node) {}
}
