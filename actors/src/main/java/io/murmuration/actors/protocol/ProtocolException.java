package io.murmuration.actors.protocol;

/** A message or a state that the protocol does not allow; the text says what was expected, what came, from whom. */
public final class ProtocolException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ProtocolException(String message) {
        super(message);
    }
}
