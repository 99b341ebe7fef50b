package io.murmuration.faults.simulation;

/** A simulated run cannot go on: the simulation itself, or something that nobody supervises, has failed. */
public final class SimulationException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SimulationException(String message) {
        super(message);
    }

    public SimulationException(String message, Throwable cause) {
        super(message, cause);
    }
}
