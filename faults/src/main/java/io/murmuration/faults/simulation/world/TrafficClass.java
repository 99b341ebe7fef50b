package io.murmuration.faults.simulation.world;

import io.murmuration.actors.protocol.DataFrame;

/** What does not wait for each other between two nodes. */
public enum TrafficClass {
    CONTROL,
    FORWARD,
    BACKWARD,
    BULK;

    static TrafficClass of(DataFrame.Traffic traffic) {
        return switch (traffic) {
            case FORWARD -> FORWARD;
            case BACKWARD -> BACKWARD;
            case BULK -> BULK;
        };
    }
}
