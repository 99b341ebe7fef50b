package io.murmuration.actors.protocol;

/** A member was told to start over: what it holds is of no use any more, and it comes back as a new incarnation. */
public final class StartOverException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean fault;

    /** @param fault whether the member is to blame, so that it counts as a failure */
    public StartOverException(Member member, boolean fault, String reason) {
        super(member + " starts over: " + reason);
        this.fault = fault;
    }

    public boolean fault() {
        return fault;
    }
}
