package io.murmuration.actors.run;

import java.time.Duration;

/**
 * When to ask again for an answer that does not come: after {@code control-retry}, then after twice as long, and so on. A
 * lost message is soon made up for, and who merely needs long for an answer is asked a number of times that hardly grows
 * with it. Single-threaded.
 */
final class AskAgain {

    /** The longest pause is {@code control-retry} doubled so often: about a minute, where that is a second. */
    static final int MAX_DOUBLINGS = 6;

    private final long retry;
    private long last;
    private int asked;

    AskAgain(Duration retry, long now) {
        this.retry = retry.toNanos();
        this.last = now;
    }

    /** It has just been asked for the first time, or there is reason to believe that the next one will be heard. */
    void restart(long now) {
        last = now;
        asked = 0;
    }

    /** True if it is time; then it counts as asked. */
    boolean due(long now) {
        if (now - last < retry << Math.min(asked, MAX_DOUBLINGS)) {
            return false;
        }
        last = now;
        asked++;
        return true;
    }
}
