package io.murmuration.faults.simulation;

import io.murmuration.actors.protocol.Envelope;

/** Sees every control message of a simulation. Must neither throw nor change anything. */
public interface ControlTap {

    ControlTap NONE = new ControlTap() {};

    /** Handed to the network by its sender. */
    default void sent(long time, Envelope envelope) {}

    /** Handed to its receiver. */
    default void received(long time, Envelope envelope) {}
}
