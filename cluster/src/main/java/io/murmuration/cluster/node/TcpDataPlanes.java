package io.murmuration.cluster.node;

import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.config.LoadedNode;
import io.murmuration.cluster.security.TlsSettings;
import io.murmuration.cluster.transport.DataAddress;
import io.murmuration.cluster.transport.LinkEvent;
import io.murmuration.cluster.transport.NodeIdentity;
import io.murmuration.cluster.transport.TcpDataPlane;
import io.murmuration.cluster.transport.WireCounts;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apache.pekko.actor.typed.ActorSystem;

/** Data planes over TCP, with TLS where the node has certificates. */
final class TcpDataPlanes implements DataPlanes {

    private final LoadedNode loaded;

    TcpDataPlanes(LoadedNode loaded) {
        this.loaded = loaded;
    }

    /** The certificates of a node, if it has any. */
    static Optional<TlsSettings> tls(LoadedNode loaded) {
        return loaded.node().tls().map(files -> new TlsSettings(files.authority(), files.certificate(), files.key()));
    }

    @Override
    public Listening start(
            ActorSystem<?> system,
            NodeIdentity self,
            Function<Member, Optional<DataAddress>> addresses,
            WireCounts counts,
            Consumer<DataAddress> refused) {
        TcpDataPlane plane = TcpDataPlane.start(system, self, loaded.dataPlane(), tls(loaded), addresses, counts);
        plane.onEvent(event -> {
            if (event instanceof LinkEvent.ConnectionRefused connection) {
                refused.accept(connection.address());
            }
        });
        return new Listening(plane, plane.bound().getPort(), plane::close);
    }
}
