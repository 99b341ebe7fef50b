package io.murmuration.cluster.transport;

/**
 * Why a connection was not taken.
 *
 * @param detail for people: what was expected and what came
 */
public record Rejection(Reason reason, String detail) {

    /** Its place is its number on the wire: new ones go to the end. */
    public enum Reason {
        /** Another version of the protocol. */
        PROTOCOL,
        /** Of another run. */
        RUN,
        /** Not the node that was meant, or a name that no node has. */
        NODE,
        /** An earlier life of a node that has begun a later one. */
        LIFE,
        /** No certificate of the cluster, or one with another name. */
        CERTIFICATE,
        /** What was said before on another connection. */
        REPLAY,
        /** It has sent nonsense a short while ago. */
        MARKED,
        /** Too much of its earlier connections is still unanswered, or too many are connected. */
        BUSY,
        /** No handshake at all. */
        MALFORMED
    }

    static Rejection of(Reason reason, String detail) {
        return new Rejection(reason, detail);
    }

    @Override
    public String toString() {
        return reason + ": " + detail;
    }
}
