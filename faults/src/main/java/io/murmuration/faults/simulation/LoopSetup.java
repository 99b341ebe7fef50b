package io.murmuration.faults.simulation;

import org.apache.pekko.actor.ActorSystem;
import org.apache.pekko.actor.setup.Setup;

/** Hands the loop to what Pekko makes by the name of its class: each actor system has its own, and two never mix. */
final class LoopSetup extends Setup {

    private final EventLoop loop;

    LoopSetup(EventLoop loop) {
        this.loop = loop;
    }

    /** The loop of the actor system with these settings. */
    static EventLoop loop(ActorSystem.Settings settings) {
        return settings.setup()
                .get(LoopSetup.class)
                .orElseThrow(() -> new IllegalStateException("an actor system on a loop is made by LoopSystem"))
                .loop;
    }
}
