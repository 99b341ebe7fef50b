package io.murmuration.faults.check;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.simulation.Level;
import java.util.List;

/** Somebody who watches a run from outside. Times are virtual nanoseconds since it began; calls come in their order. */
public interface Observer {

    /**
     * A compute task has ended.
     *
     * @param busyNanos how long it kept its device
     */
    default void computed(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome, long busyNanos) {}

    /** A control message was handed to the network. */
    default void sent(long time, Envelope envelope) {}

    /** A control message was handed to its receiver. */
    default void delivered(long time, Envelope envelope) {}

    /** The sender of a data frame hears that it was not taken, and why. */
    default void refused(long time, DataFrame frame, Refusal refusal) {}

    /** A coordinator says what happened. */
    default void told(long time, RunEvent event) {}

    /** A life of a member has ended without the run having said so yet: it was killed or its node was. */
    default void ended(long time, Member member) {}

    /** Nobody who lives remembers anything of the run: what is on disks is all there is. */
    default void forgotten(long time) {}

    /**
     * The world does something to the run.
     *
     * @param what in words, for the report
     * @param hit the lives that it ends or hinders; empty for links and disks
     * @param lasting whether it goes on until {@link #faultEnded}, or is over at once
     */
    default void faultBegan(long time, int number, String what, List<Member> hit, boolean lasting) {}

    /** A fault that lasts has ended. */
    default void faultEnded(long time, int number) {}

    /** The last fault is healed; from now on something good must happen. */
    default void healed(long time) {}

    /** How full queues and memories are; once a virtual second. */
    default void sampled(long time, List<Level> levels) {}

    /** The run is over, or is not looked at any longer. */
    default void over(long time) {}
}
