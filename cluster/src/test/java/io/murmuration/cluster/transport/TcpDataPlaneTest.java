package io.murmuration.cluster.transport;

import static io.murmuration.cluster.transport.DataPlaneContract.SOON;
import static io.murmuration.cluster.transport.DataPlaneContract.next;
import static io.murmuration.cluster.transport.Frames.RECEIVER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.actors.port.DataPlane;
import io.murmuration.actors.protocol.Refusal;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.serialization.FrameCodec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What only sockets can do: refuse, break, fall silent, and be spoken to by strangers. */
final class TcpDataPlaneTest {

    private final Wires wires = new Wires();
    private final BlockingQueue<DataPlane.Outcome> outcomes = new LinkedBlockingQueue<>();
    private final BlockingQueue<DataPlane.Delivery> deliveries = new LinkedBlockingQueue<>();
    private final BlockingQueue<LinkEvent> events = new LinkedBlockingQueue<>();

    @AfterEach
    void stop() {
        wires.close();
    }

    private TcpDataPlane alpha() {
        TcpDataPlane alpha = wires.plane("alpha");
        alpha.onEvent(events::add);
        return alpha;
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private <T extends LinkEvent> T event(Class<T> type) throws InterruptedException {
        LinkEvent event = next(events);
        while (!type.isInstance(event)) {
            event = next(events);
        }
        return type.cast(event);
    }

    @Test
    void a_port_that_refuses_is_seen_and_offers_fail() throws InterruptedException {
        TcpDataPlane alpha = alpha();
        wires.at("beta", "localhost", freePort());
        alpha.offer(Frames.chunk(1, 10), outcomes::add);
        assertThat(next(outcomes)).isInstanceOfSatisfying(DataPlane.Failed.class, failed -> assertThat(failed.reason())
                .contains("connection refused"));
        assertThat(event(LinkEvent.ConnectionRefused.class).address().node()).isEqualTo("beta");
    }

    @Test
    void a_node_that_goes_fails_what_is_under_way_once_and_is_soon_seen_to_refuse() throws InterruptedException {
        TcpDataPlane alpha = alpha();
        TcpDataPlane beta = wires.plane("beta");
        beta.attach(RECEIVER, deliveries::add);
        AtomicInteger failed = new AtomicInteger();
        for (int i = 0; i < 10; i++) {
            alpha.offer(Frames.chunk(i, 1000), outcome -> {
                failed.addAndGet(outcome instanceof DataPlane.Failed ? 1 : 100);
                outcomes.add(outcome);
            });
        }
        for (int i = 0; i < 10; i++) {
            next(deliveries);
        }
        beta.close();
        for (int i = 0; i < 10; i++) {
            next(outcomes);
        }
        assertThat(failed.get()).isEqualTo(10);
        event(LinkEvent.Lost.class);
        event(LinkEvent.ConnectionRefused.class);
        assertThat(failed.get()).isEqualTo(10);
    }

    /** What is under way fails with it: nobody waits for who is gone. */
    @Test
    void what_is_kept_for_a_node_goes_when_the_node_is_not_known_any_more() throws InterruptedException {
        TcpDataPlane alpha = alpha();
        TcpDataPlane beta = wires.plane("beta");
        beta.attach(RECEIVER, deliveries::add);
        alpha.offer(Frames.chunk(1, 10), outcomes::add);
        next(deliveries);
        assertThat(alpha.links()).isEqualTo(1);

        wires.gone("beta");
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Failed("beta is not in the cluster any more"));
        assertThat(alpha.links()).isZero();

        wires.at("beta", "127.0.0.1", beta.bound().getPort());
        alpha.offer(Frames.chunk(2, 10), outcomes::add);
        next(deliveries).accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
    }

    @Test
    void a_cut_connection_is_made_again() throws InterruptedException {
        TcpDataPlane alpha = alpha();
        TcpDataPlane beta = wires.plane("beta");
        beta.attach(RECEIVER, deliveries::add);
        for (int i = 0; i < 3; i++) {
            alpha.offer(Frames.chunk(i, 1000), outcomes::add);
            DataPlane.Delivery held = next(deliveries);
            if (i % 2 == 0) {
                alpha.cut("beta", "cut by the test");
            } else {
                beta.cut("alpha", "cut by the test");
            }
            assertThat(next(outcomes)).isInstanceOf(DataPlane.Failed.class);
            held.accept();
            event(LinkEvent.Connected.class);
        }
        event(LinkEvent.Connected.class);
        alpha.offer(Frames.chunk(4, 1000), outcomes::add);
        next(deliveries).accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        assertThat(outcomes).isEmpty();
    }

    @Test
    void other_runs_other_protocols_and_earlier_lives_are_told_why_they_are_turned_away() throws InterruptedException {
        wires.plane("beta");
        assertThat(turnedAway(new NodeIdentity("alpha", 5, "run-2", Wires.PROTOCOL)))
                .isEqualTo(Rejection.of(Rejection.Reason.RUN, "node beta takes part in run run-1, got 'run-2'"));
        assertThat(turnedAway(new NodeIdentity("alpha", 5, "run-1", 2)).detail())
                .contains("speaks protocol 1, this node 2");
        TcpDataPlane later =
                wires.plane(new NodeIdentity("alpha", 9, "run-1", Wires.PROTOCOL), Wires.SETTINGS, Optional.empty());
        later.offer(Frames.chunk(1, 1), outcomes::add);
        next(outcomes);
        assertThat(turnedAway(Wires.identity("alpha")).reason()).isEqualTo(Rejection.Reason.LIFE);
    }

    private Rejection turnedAway(NodeIdentity identity) throws InterruptedException {
        events.clear();
        TcpDataPlane plane = wires.plane(identity, Wires.SETTINGS, Optional.empty());
        plane.onEvent(events::add);
        plane.offer(Frames.chunk(1, 1), outcomes::add);
        assertThat(next(outcomes)).isInstanceOf(DataPlane.Failed.class);
        Rejection rejection = event(LinkEvent.Rejected.class).rejection();
        plane.close();
        return rejection;
    }

    @Test
    void somebody_else_at_the_address_is_not_taken_for_the_node() throws InterruptedException {
        TcpDataPlane alpha = alpha();
        TcpDataPlane gamma = wires.plane("gamma");
        wires.at("beta", "127.0.0.1", gamma.bound().getPort());
        alpha.offer(Frames.chunk(1, 1), outcomes::add);
        next(outcomes);
        assertThat(event(LinkEvent.Rejected.class).rejection())
                .isEqualTo(Rejection.of(Rejection.Reason.NODE, "this is gamma, not 'beta'"));
    }

    @Test
    void a_frame_that_is_too_large_is_refused_before_it_is_sent() throws InterruptedException {
        TcpDataPlane alpha = alpha();
        wires.plane("beta");
        alpha.offer(Frames.chunk(1, (8 << 20) + 1), outcomes::add);
        assertThat(next(outcomes)).isInstanceOfSatisfying(DataPlane.Refused.class, refused -> assertThat(
                        refused.refusal().reason())
                .isEqualTo(Refusal.Reason.INVALID));
    }

    @Test
    void one_that_accepts_and_says_nothing_is_given_up() throws Exception {
        DataPlaneSettings hasty = new DataPlaneSettings(
                "127.0.0.1",
                0,
                1 << 20,
                Wires.SETTINGS.windows(),
                8,
                1 << 20,
                0,
                new DataPlaneSettings.Times(
                        Duration.ofSeconds(1), Duration.ofMillis(200), Duration.ofMillis(100), Duration.ofMillis(300)),
                Wires.SETTINGS.backoff(),
                Wires.SETTINGS.marks(),
                8,
                8,
                0);
        TcpDataPlane alpha = wires.plane(Wires.identity("alpha"), hasty, Optional.empty());
        try (ServerSocket silent = new ServerSocket(0)) {
            wires.at("beta", "127.0.0.1", silent.getLocalPort());
            alpha.offer(Frames.chunk(1, 1), outcomes::add);
            assertThat(next(outcomes))
                    .isInstanceOfSatisfying(DataPlane.Failed.class, failed -> assertThat(failed.reason())
                            .contains("no handshake within 200 ms"));
            // One that takes the connection and then falls silent, with a frame on its way.
            Socket socket = accepted(silent, alpha);
            Handshake.Greeting greeting = new Handshake.Greeting(Wires.PROTOCOL, new byte[Handshake.NONCE_BYTES]);
            send(socket, Kind.GREETING, greeting.body());
            send(socket, Kind.WELCOME, new Handshake.Welcome("beta", 1, 1 << 20, 1 << 20).body());
            assertThat(next(outcomes))
                    .isInstanceOfSatisfying(DataPlane.Failed.class, failed -> assertThat(failed.reason())
                            .contains("nothing was heard for 300 ms"));
        }
    }

    /** The connection that an offer makes; those that came about before are closed already. */
    private Socket accepted(ServerSocket silent, TcpDataPlane alpha) throws IOException, InterruptedException {
        silent.setSoTimeout((int) SOON.toMillis());
        while (true) {
            outcomes.clear();
            Socket socket = silent.accept();
            alpha.offer(Frames.chunk(1, 1), outcomes::add);
            if (outcomes.isEmpty() && !closed(socket)) {
                return socket;
            }
            socket.close();
        }
    }

    private static boolean closed(Socket socket) throws IOException {
        socket.setSoTimeout(20);
        try {
            return socket.getInputStream().read() < 0;
        } catch (java.net.SocketTimeoutException e) {
            return false; // open and quiet
        } catch (java.net.SocketException e) {
            return true; // reset
        }
    }

    private static void send(Socket socket, Kind kind, byte[] body) throws IOException {
        socket.getOutputStream().write(Stranger.frame(kind, body));
    }

    @Test
    void nonsense_costs_its_sender_the_connection_and_a_mark_and_the_node_lives_on() throws Exception {
        TcpDataPlane beta = wires.plane("beta");
        beta.attach(RECEIVER, deliveries::add);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 50; i++) {
            try (Stranger stranger = new Stranger(beta)) {
                byte[] noise = new byte[random.nextInt(10, 2000)];
                random.nextBytes(noise);
                stranger.raw(noise);
                stranger.assertEnds();
            }
        }
        try (Stranger stranger = Stranger.letIn(beta, Wires.identity("mallory"))) {
            stranger.send(Kind.BEGIN, FrameAssembly.begin(1, FrameCodec.encode(Frames.chunk(1, 1))));
            stranger.assertEnds();
        }
        try (Stranger stranger = Stranger.saysHello(beta, Wires.identity("mallory"))) {
            assertThat(Handshake.rejection(stranger.body()).reason()).isEqualTo(Rejection.Reason.MARKED);
        }
        assertThat(beta.refusals().counts())
                .containsEntry(new WireRefusals.Key("mallory", "SENDER"), 1L)
                .containsEntry(new WireRefusals.Key(WireRefusals.STRANGER, "MARKED"), 1L);
        alpha().offer(Frames.chunk(1, 100), outcomes::add);
        next(deliveries).accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        assertThat(deliveries).isEmpty();
    }

    @Test
    void strangers_that_hold_connections_are_bounded() throws IOException {
        TcpDataPlane beta = wires.plane("beta");
        List<Stranger> held = new ArrayList<>();
        try {
            for (int i = 0; i < Wires.SETTINGS.connections(); i++) {
                Stranger stranger = new Stranger(beta);
                held.add(stranger);
                stranger.nonce();
            }
            try (Stranger oneMore = new Stranger(beta)) {
                oneMore.assertEnds();
            }
        } finally {
            for (Stranger stranger : held) {
                stranger.close();
            }
        }
    }

    @Test
    void a_port_in_use_is_one_clear_line() {
        TcpDataPlane alpha = wires.plane("alpha");
        int port = alpha.bound().getPort();
        assertThatThrownBy(() -> wires.plane(
                        Wires.identity("beta"), Wires.SETTINGS.boundTo("127.0.0.1", port), Optional.empty()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("the data plane of beta cannot listen on 127.0.0.1:" + port);
    }

    @Test
    void members_of_the_same_node_need_no_socket() throws InterruptedException {
        TcpDataPlane beta = wires.plane("beta");
        beta.attach(RECEIVER, deliveries::add);
        beta.onEvent(events::add);
        beta.offer(Frames.chunk(1, 10), outcomes::add);
        next(deliveries).accept();
        assertThat(next(outcomes)).isEqualTo(new DataPlane.Accepted());
        assertThat(events).isEmpty();
    }
}
