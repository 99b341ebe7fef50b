package io.murmuration.actors.port;

/** A compute task failed; the actor that owns it fails with it and comes back as a new incarnation. */
public final class ComputeFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ComputeFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
