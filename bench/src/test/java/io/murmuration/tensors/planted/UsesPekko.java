package io.murmuration.tensors.planted;

import org.apache.pekko.actor.typed.ActorRef;

/** Breaks a rule of the architecture, on purpose. */
public final class UsesPekko {
    ActorRef<String> reference;
}
