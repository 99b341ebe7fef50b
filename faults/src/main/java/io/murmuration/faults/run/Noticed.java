package io.murmuration.faults.run;

import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.check.Observer;
import java.util.List;
import java.util.OptionalLong;

/** How long the run took to say that a fault had taken somebody: detection and removal, without what comes after. */
final class Noticed implements Observer {

    private static final long NONE = -1;

    private long began = NONE;
    private long longest = NONE;

    @Override
    public void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {
        if (began == NONE) {
            began = time;
        }
    }

    @Override
    public void told(long time, RunEvent event) {
        if (began != NONE
                && (event instanceof RunEvent.Lost
                        || event instanceof RunEvent.TookOver
                        || event instanceof RunEvent.Left)) {
            longest = Math.max(longest, time - began);
            began = NONE;
        }
    }

    /** The longest of them in nanoseconds; empty if nobody was ever missed. */
    OptionalLong longest() {
        return longest == NONE ? OptionalLong.empty() : OptionalLong.of(longest);
    }
}
