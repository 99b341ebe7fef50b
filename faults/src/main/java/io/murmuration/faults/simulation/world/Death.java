package io.murmuration.faults.simulation.world;

/** How a node dies. */
public enum Death {
    /** The process ends; its machine goes on and refuses connections, so peers that talk to it know after a round trip. */
    PROCESS,
    /** The machine goes dark: nobody is told anything. */
    HOST
}
