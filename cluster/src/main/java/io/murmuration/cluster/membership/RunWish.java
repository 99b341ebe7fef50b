package io.murmuration.cluster.membership;

/**
 * Whether the run is to stand still. Who leads gives every wish the next number; each node takes over the highest it hears
 * of from another and says it as its own, so that whoever leads next finds it, while one node of them all lives.
 */
public record RunWish(long number, boolean paused) {

    /** Nobody has wished anything. */
    public static final RunWish NONE = new RunWish(0, false);

    /** The wish after this one. */
    RunWish next(boolean stand) {
        return new RunWish(number + 1, stand);
    }
}
