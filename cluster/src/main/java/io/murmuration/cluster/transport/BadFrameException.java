package io.murmuration.cluster.transport;

/** A peer sent what no peer sends. It costs that peer its connection. */
final class BadFrameException extends RuntimeException {

    private static final long serialVersionUID = 1;

    /** What is wrong, for counting. */
    enum Reason {
        LENGTH,
        KIND,
        CHECKSUM,
        ORDER,
        SIZE,
        CREDIT,
        HEADER,
        SENDER
    }

    private final Reason reason;

    BadFrameException(Reason reason, String detail) {
        super(detail);
        this.reason = reason;
    }

    Reason reason() {
        return reason;
    }
}
