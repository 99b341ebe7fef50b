package io.murmuration.cluster.config;

/**
 * Something the user can put right: an unknown key, a value out of range, a missing file. The message is one line that
 * names the key or the file; the command line prints it without a stack trace and exits with code 2.
 */
public final class UserError extends RuntimeException {

    private static final long serialVersionUID = 1;

    public UserError(String message) {
        super(message);
    }

    public UserError(String message, Throwable cause) {
        super(message, cause);
    }
}
