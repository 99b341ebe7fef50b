package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import org.junit.jupiter.api.AfterEach;

/** Over plain sockets. */
final class TcpDataPlaneContractTest extends DataPlaneContract {

    private final Wires wires = new Wires();
    private final DataPlane alpha = wires.plane("alpha");
    private final DataPlane beta = wires.plane("beta");

    @Override
    DataPlane sending() {
        return alpha;
    }

    @Override
    DataPlane receiving() {
        return beta;
    }

    @AfterEach
    void stop() {
        wires.close();
    }
}
