package io.murmuration.cluster.transport;

import io.murmuration.actors.port.DataPlane;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.apache.pekko.stream.Materializer;
import org.junit.jupiter.api.AfterEach;

/** Within one process. */
final class InProcessDataPlaneTest extends DataPlaneContract {

    private final ActorTestKit kit = ActorTestKit.create();
    private final DataPlane plane =
            new InProcessDataPlane(Materializer.createMaterializer(kit.system()), new WireCounts(), 64, 16);

    @Override
    DataPlane sending() {
        return plane;
    }

    @Override
    DataPlane receiving() {
        return plane;
    }

    @AfterEach
    void stop() {
        kit.shutdownTestKit();
    }
}
