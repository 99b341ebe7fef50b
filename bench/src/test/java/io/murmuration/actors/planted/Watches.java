package io.murmuration.actors.planted;

import org.apache.pekko.actor.typed.ActorRef;
import org.apache.pekko.actor.typed.javadsl.ActorContext;

/** Breaks a rule of the architecture, on purpose: each method in its own way. */
public final class Watches {
    void watches(ActorContext<String> context, ActorRef<String> other) {
        context.watch(other);
    }

    void watchesWithMessage(ActorContext<String> context, ActorRef<String> other) {
        context.watchWith(other, "gone");
    }
}
