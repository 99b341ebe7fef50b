package io.murmuration.cluster.run;

/**
 * A run that started cannot go on, for instance because a stage lost all its replicas. The message is one line for the
 * operator: what happened and where.
 */
public final class RunFailed extends RuntimeException {

    private static final long serialVersionUID = 1;

    public RunFailed(String message) {
        super(message);
    }

    public RunFailed(String message, Throwable cause) {
        super(message, cause);
    }
}
