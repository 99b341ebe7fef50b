package io.murmuration.faults.run;

import io.murmuration.actors.port.Ports;
import io.murmuration.actors.run.RunEvent;
import io.murmuration.faults.simulation.NodeSpec;
import java.util.Optional;
import java.util.function.LongSupplier;

/** What stands between the actors of a run and everything else. Tests plant bugs here, to see that they are found. */
interface Wiring {

    /** As it should be. */
    Wiring STRAIGHT = new Wiring() {};

    /**
     * The ports of a node in one of its lives, as its actors have them.
     *
     * @param time virtual nanoseconds
     */
    default Ports ports(NodeSpec node, Ports ports, LongSupplier time) {
        return ports;
    }

    /** What becomes of something that a coordinator says. */
    default Optional<RunEvent> told(RunEvent event) {
        return Optional.of(event);
    }
}
