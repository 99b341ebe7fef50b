package io.murmuration.cluster.transport;

import io.murmuration.actors.protocol.Member;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.security.TlsSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;

/** Data planes over sockets on this machine, that know where each other is. */
final class Wires implements AutoCloseable {

    static final int PROTOCOL = 1;

    /** Short waits and small windows. */
    static final DataPlaneSettings SETTINGS = new DataPlaneSettings(
            "127.0.0.1",
            0,
            8 << 20,
            new DataPlaneSettings.Windows(2 << 20, 2 << 20, 2 << 20),
            64,
            4 << 20,
            0,
            new DataPlaneSettings.Times(
                    Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofMillis(500), Duration.ofSeconds(10)),
            new DataPlaneSettings.Backoff(Duration.ofMillis(20), Duration.ofMillis(200), 3),
            new DataPlaneSettings.Marks(Duration.ofMillis(300), Duration.ofSeconds(2)),
            64,
            64,
            0);

    private final Map<String, ActorTestKit> kits = new TreeMap<>();
    private final List<TcpDataPlane> planes = new ArrayList<>();
    private final Map<String, DataAddress> addresses = new ConcurrentSkipListMap<>();

    static NodeIdentity identity(String node) {
        return new NodeIdentity(node, 5, "run-1", PROTOCOL);
    }

    TcpDataPlane plane(NodeIdentity identity, DataPlaneSettings settings, Optional<TlsSettings> tls) {
        ActorTestKit kit = kits.computeIfAbsent(identity.node(), node -> ActorTestKit.create("wires-" + node));
        TcpDataPlane plane = TcpDataPlane.start(kit.system(), identity, settings, tls, this::where, new WireCounts());
        planes.add(plane);
        at(identity.node(), "127.0.0.1", plane.bound().getPort());
        return plane;
    }

    TcpDataPlane plane(String node) {
        return plane(identity(node), SETTINGS, Optional.empty());
    }

    /** From now on others find {@code node} there. */
    void at(String node, String host, int port) {
        addresses.put(node, new DataAddress(node, host, port));
    }

    /** From now on nobody knows where {@code node} is. */
    void gone(String node) {
        addresses.remove(node);
    }

    private Optional<DataAddress> where(Member member) {
        return Optional.ofNullable(addresses.get(NodeIdentity.nodeOf(member)));
    }

    @Override
    public void close() {
        planes.forEach(TcpDataPlane::close);
        kits.values().forEach(ActorTestKit::shutdownTestKit);
    }
}
