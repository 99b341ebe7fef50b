package io.murmuration.faults.simulation.world;

/** A churn trace that cannot be read; the text says which file, which line, what was expected and what came. */
public final class TraceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public TraceException(String message) {
        super(message);
    }
}
