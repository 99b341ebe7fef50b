package io.murmuration.tensors.checkpoint;

/** A checkpoint that cannot be written, or read, or is not what it claims to be; the message names the file. */
public final class CheckpointException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CheckpointException(String message) {
        super(message);
    }

    public CheckpointException(String message, Throwable cause) {
        super(message, cause);
    }
}
