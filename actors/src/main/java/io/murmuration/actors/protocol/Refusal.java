package io.murmuration.actors.protocol;

/**
 * Why something was not taken.
 *
 * @param detail for people: what was expected and what came
 */
public record Refusal(Reason reason, String detail) {

    /** What the sender should make of a refusal. */
    public enum Reason {
        /** No slot is free for this upstream: go elsewhere or wait. */
        NO_CREDIT,
        /** The step, round or transfer is not open here: not yet, or not any more. */
        NOT_OPEN,
        /** Addressed to an earlier or later incarnation, or fenced by a lower epoch. */
        STALE,
        /** Not for this receiver: wrong run, stage or role, or malformed. */
        INVALID
    }

    public static Refusal of(Reason reason, String detail) {
        return new Refusal(reason, detail);
    }
}
