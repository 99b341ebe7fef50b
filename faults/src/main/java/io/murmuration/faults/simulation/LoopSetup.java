package io.murmuration.faults.simulation;

import org.apache.pekko.actor.setup.Setup;

/** Hands the loop to what Pekko makes by the name of its class: each actor system has its own, and two never mix. */
final class LoopSetup extends Setup {

    private final EventLoop loop;

    LoopSetup(EventLoop loop) {
        this.loop = loop;
    }

    EventLoop loop() {
        return loop;
    }
}
