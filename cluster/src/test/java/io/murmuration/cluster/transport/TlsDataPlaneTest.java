package io.murmuration.cluster.transport;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.cluster.security.KeyMaker;
import io.murmuration.cluster.security.TlsSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Over TLS, with certificates as {@code murmuration keys} makes them. */
final class TlsDataPlaneTest extends DataPlaneContract {

    @TempDir
    private static Path folder;

    private final Wires wires = new Wires();
    private final DataPlane alpha = wires.plane(Wires.identity("alpha"), Wires.SETTINGS, tls("ours", "alpha"));
    private final DataPlane beta = wires.plane(Wires.identity("beta"), Wires.SETTINGS, tls("ours", "beta"));

    @BeforeAll
    static void keys() {
        for (String cluster : List.of("ours", "theirs")) {
            KeyMaker.make(
                    folder.resolve(cluster),
                    new KeyMaker.Wanted(List.of("alpha", "beta", "gamma"), true, Duration.ofDays(1)),
                    Instant.now());
        }
        KeyMaker.make(
                folder.resolve("ours"),
                new KeyMaker.Wanted(List.of("far", "near=127.0.0.1"), false, Duration.ofDays(1)),
                Instant.now());
    }

    private static Optional<TlsSettings> tls(String cluster, String node) {
        Path at = folder.resolve(cluster);
        return Optional.of(
                new TlsSettings(at.resolve("ca.pem"), at.resolve(node + ".pem"), at.resolve(node + ".key.pem")));
    }

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

    @Test
    void a_certificate_of_another_authority_gets_nowhere() throws InterruptedException {
        assertThat(rejection(Optional.of(tls("theirs", "gamma").orElseThrow()), "gamma", "beta"))
                .isEqualTo(Rejection.Reason.CERTIFICATE);
    }

    @Test
    void a_certificate_with_another_name_than_the_nodes_gets_nowhere() throws InterruptedException {
        assertThat(rejection(tls("ours", "alpha"), "gamma", "beta")).isEqualTo(Rejection.Reason.CERTIFICATE);
    }

    @Test
    void a_listener_whose_certificate_names_another_node_or_another_host_is_not_talked_to()
            throws InterruptedException {
        wires.plane(Wires.identity("gamma"), Wires.SETTINGS, tls("ours", "alpha"));
        assertThat(rejection(tls("ours", "alpha"), "alpha", "gamma")).isEqualTo(Rejection.Reason.CERTIFICATE);
        wires.plane(Wires.identity("far"), Wires.SETTINGS, tls("ours", "far"));
        assertThat(rejection(tls("ours", "alpha"), "alpha", "far")).isEqualTo(Rejection.Reason.CERTIFICATE);
    }

    @Test
    void a_node_whose_host_is_not_its_name_is_reached_if_its_certificate_has_both() throws InterruptedException {
        wires.plane(Wires.identity("near"), Wires.SETTINGS, tls("ours", "near"));
        BlockingQueue<LinkEvent> events = new LinkedBlockingQueue<>();
        ((TcpDataPlane) alpha).onEvent(events::add);
        alpha.offer(frameTo("alpha", "near"), outcomes::add);
        assertThat(next(events)).isInstanceOf(LinkEvent.Connected.class);
    }

    @Test
    void who_speaks_without_tls_gets_nowhere() throws InterruptedException {
        TcpDataPlane plain = wires.plane(Wires.identity("gamma"), Wires.SETTINGS, Optional.empty());
        BlockingQueue<LinkEvent> events = new LinkedBlockingQueue<>();
        plain.onEvent(events::add);
        plain.offer(frameTo("gamma", "beta"), outcomes::add);
        assertThat(next(outcomes)).isInstanceOf(DataPlane.Failed.class);
        assertThat(next(events)).isNotInstanceOf(LinkEvent.Connected.class);
    }

    private Rejection.Reason rejection(Optional<TlsSettings> tls, String from, String to) throws InterruptedException {
        BlockingQueue<LinkEvent> events = new LinkedBlockingQueue<>();
        TcpDataPlane plane = wires.plane(new NodeIdentity(from, 6, "run-1", Wires.PROTOCOL), Wires.SETTINGS, tls);
        plane.onEvent(events::add);
        plane.offer(frameTo(from, to), outcomes::add);
        assertThat(next(outcomes)).isInstanceOf(DataPlane.Failed.class);
        LinkEvent event = next(events);
        assertThat(event).isInstanceOf(LinkEvent.Rejected.class);
        return ((LinkEvent.Rejected) event).rejection().reason();
    }

    private static io.murmuration.actors.protocol.DataFrame frameTo(String from, String to) {
        return new io.murmuration.actors.protocol.DataFrame.StateManifest(
                new io.murmuration.actors.protocol.Route(
                        "run-1",
                        io.murmuration.actors.protocol.Member.of(from + ":shard", 1),
                        io.murmuration.actors.protocol.Member.of(to + ":shard", 1)),
                0,
                1,
                Frames.payload(1, 10));
    }
}
