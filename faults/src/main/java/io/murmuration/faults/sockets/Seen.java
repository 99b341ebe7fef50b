package io.murmuration.faults.sockets;

import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Member;
import io.murmuration.actors.run.RunEvent;

/** Something that happened on a node, at a time of the machine's monotonic clock, which its processes share. */
public sealed interface Seen {

    long nanos();

    /** The process begins a life; the one before, if there was one, is over. */
    record Life(long nanos) implements Seen {}

    /** A control message was handed to the network. */
    record Sent(long nanos, Envelope envelope) implements Seen {}

    /** A control message was handed to its receiver. */
    record Delivered(long nanos, Envelope envelope) implements Seen {}

    /** A coordinator told of its run. */
    record Told(long nanos, RunEvent event) implements Seen {}

    /**
     * A compute task has ended.
     *
     * @param busyNanos how long it kept its device
     * @param stage of its owner; 0 where it has none
     */
    record Computed(long nanos, Member owner, SeenTask work, long busyNanos, int stage) implements Seen {}
}
