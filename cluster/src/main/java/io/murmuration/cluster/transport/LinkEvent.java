package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.DataFrame.Traffic;

/** What the data plane sees of the way to another node. */
public sealed interface LinkEvent {

    DataAddress address();

    record Connected(DataAddress address, Traffic traffic) implements LinkEvent {}

    /** An open connection has ended; what was under way on it has failed. */
    record Lost(DataAddress address, Traffic traffic, String reason) implements LinkEvent {}

    /** Nobody listens there: as a rule the process is gone, while its host lives. */
    record ConnectionRefused(DataAddress address, Traffic traffic) implements LinkEvent {}

    /** Who listens there does not take this node, or is not who it should be. */
    record Rejected(DataAddress address, Traffic traffic, Rejection rejection) implements LinkEvent {}

    /** No connection came about, for any other reason: no such host, no answer in time. */
    record Unreached(DataAddress address, Traffic traffic, String reason) implements LinkEvent {}
}
