package io.murmuration.faults.simulation;

/** A thread that the seed does not decide has submitted something: the run is not reproducible and ends. */
public final class ForeignThreadException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ForeignThreadException(String message) {
        super(message);
    }
}
