package io.murmuration.tensors.planted;

import io.murmuration.actors.protocol.PeerId;

/** Breaks a rule of the architecture, on purpose. */
public final class UsesActors {
    PeerId peer;
}
