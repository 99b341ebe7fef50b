package io.murmuration.tensors.compute;

/** This build and this machine cannot run a backend; the message says what is missing. */
public final class BackendUnavailableException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public BackendUnavailableException(String message) {
        super(message);
    }
}
