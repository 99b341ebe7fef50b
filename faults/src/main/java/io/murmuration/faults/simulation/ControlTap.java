package io.murmuration.faults.simulation;

import io.murmuration.actors.protocol.DataFrame;
import io.murmuration.actors.protocol.Envelope;
import io.murmuration.actors.protocol.Refusal;

/** Sees every control message of a simulation, and data frames that are turned away. Must neither throw nor change anything. */
public interface ControlTap {

    ControlTap NONE = new ControlTap() {};

    /** Handed to the network by its sender. */
    default void sent(long time, Envelope envelope) {}

    /** Handed to its receiver. */
    default void received(long time, Envelope envelope) {}

    /** Its sender hears that the receiver did not take a frame, and why. */
    default void refused(long time, DataFrame frame, Refusal refusal) {}
}
