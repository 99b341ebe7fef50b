package io.murmuration.cluster.node;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.WireCounts;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;

/** Where a node gets its data plane from. */
interface DataPlanes {

    /**
     * A data plane that listens, and at which port.
     *
     * @param close lets go of the port and of all connections
     */
    record Listening(DataPlane plane, int port, Runnable close) {}

    /**
     * @param addresses where the tensors for a member go
     * @param refused told of an address where nobody listens any more
     * @throws io.murmuration.cluster.config.UserError if the port is in use
     */
    Listening start(
            ActorSystem<?> system,
            NodeIdentity self,
            Function<Member, Optional<DataAddress>> addresses,
            WireCounts counts,
            Consumer<DataAddress> refused);
}
