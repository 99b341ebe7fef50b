package io.murmuration.faults.simulation;

import io.murmuration.actors.port.Compute;
import io.murmuration.actors.protocol.Member;

/** Sees every task of a simulation. Must neither throw nor change anything. */
public interface ComputeTap {

    ComputeTap NONE = new ComputeTap() {};

    /** @param nanos virtual nanoseconds it will take */
    default void started(long time, Member owner, Compute.Task<?> task, long nanos) {}

    default void ended(long time, Member owner, Compute.Task<?> task, Compute.Outcome<?> outcome) {}
}
