package io.murmuration.faults.injection;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.faults.injection.LinkProxies.Plane;
import io.murmuration.faults.simulation.world.Block;
import io.murmuration.faults.simulation.world.Healing;
import io.murmuration.faults.simulation.world.LinkModel;
import io.murmuration.faults.simulation.world.Loss;
import io.murmuration.faults.simulation.world.Pair;
import io.murmuration.faults.simulation.world.Rate;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LinkProxiesTest {

    private static final Pair THERE = new Pair("a", "b");
    private static final Pair BACK = new Pair("b", "a");
    private static final int SOON_MILLIS = 200;

    private final LinkProxies proxies = LinkProxies.start(1);
    private final ServerSocket target;
    private InetSocketAddress address = new InetSocketAddress(0);

    LinkProxiesTest() throws IOException {
        target = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @AfterEach
    void close() throws IOException {
        proxies.close();
        target.close();
    }

    private void linked(LinkModel there, LinkModel back) {
        proxies.link(THERE, there);
        proxies.link(BACK, back);
        address = proxies.proxy(
                THERE, Plane.DATA, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), (InetSocketAddress)
                        target.getLocalSocketAddress());
    }

    private static LinkModel latency(int millis) {
        return LinkModel.IDEAL.latency(Duration.ofMillis(millis));
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setTcpNoDelay(true);
        return socket;
    }

    /** Sends back every byte of every connection. */
    private void echo() {
        Thread.ofVirtual().start(() -> {
            while (!target.isClosed()) {
                try {
                    Socket socket = target.accept();
                    Thread.ofVirtual().start(() -> {
                        try (socket) {
                            socket.setTcpNoDelay(true);
                            socket.getInputStream().transferTo(socket.getOutputStream());
                        } catch (IOException e) {
                            // What the tests do to connections.
                            assertThat(e).isInstanceOf(SocketException.class);
                        }
                    });
                } catch (IOException e) {
                    assertThat(target.isClosed()).isTrue();
                }
            }
        });
    }

    private static double roundTrip(Socket socket, int value) throws IOException {
        long began = System.nanoTime();
        socket.getOutputStream().write(value);
        assertThat(socket.getInputStream().read()).isEqualTo(value);
        return (System.nanoTime() - began) / 1e6;
    }

    @Test
    void a_link_of_200_megabits_and_50_ms_is_used_to_its_rate_and_delays_by_its_latency() throws Exception {
        linked(latency(50).rate(Rate.megabits(200)), latency(50));
        int total = 24 << 20;
        Future<long[]> received = CompletableFuture.supplyAsync(() -> receive(total));
        long began = System.nanoTime();
        try (Socket socket = connect()) {
            socket.getOutputStream().write(1);
            byte[] block = new byte[64 << 10];
            OutputStream out = socket.getOutputStream();
            for (int sent = 1; sent < total; sent += block.length) {
                out.write(block, 0, Math.min(block.length, total - sent));
            }
            socket.shutdownOutput();
            long[] times = received.get();
            double first = (times[0] - began) / 1e6;
            // Opening takes a round trip and the first byte half of one; what is late on a busy machine counts against
            // the rate.
            double rate = total * 8.0 / (times[1] - began - 150e6) * 1e3;
            System.out.printf("link of 200 Mbit/s and 50 ms: %.1f Mbit/s, first byte after %.1f ms%n", rate, first);
            assertThat(first).isBetween(150.0, 200.0);
            assertThat(rate).isBetween(0.93 * 200, 200.0);
        }
    }

    private long[] receive(int total) {
        try (Socket socket = target.accept()) {
            InputStream in = socket.getInputStream();
            assertThat(in.read()).isEqualTo(1);
            long first = System.nanoTime();
            byte[] block = new byte[64 << 10];
            int got = 1;
            int read = in.read(block);
            while (read >= 0) {
                got += read;
                read = in.read(block);
            }
            assertThat(got).isEqualTo(total);
            return new long[] {first, System.nanoTime()};
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void each_direction_has_its_own_latency_and_both_may_change() throws Exception {
        linked(latency(30), latency(5));
        echo();
        try (Socket socket = connect()) {
            roundTrip(socket, 1);
            assertThat(roundTrip(socket, 2)).isBetween(35.0, 60.0);
            Healing healing = proxies.change(List.of(BACK), model -> model.latency(Duration.ofMillis(100)));
            assertThat(roundTrip(socket, 3)).isBetween(130.0, 160.0);
            healing.heal();
            healing.heal();
            assertThat(roundTrip(socket, 4)).isBetween(35.0, 60.0);
        }
        assertThat(proxies.counts())
                .containsExactlyInAnyOrder(
                        new LinkProxies.Bytes("a", "b", 0, 4), new LinkProxies.Bytes("b", "a", 0, 4));
    }

    @Test
    void a_cut_holds_what_is_sent_and_healing_lets_it_arrive() throws Exception {
        linked(latency(1), latency(1));
        echo();
        try (Socket socket = connect()) {
            roundTrip(socket, 1);
            Healing healing = proxies.cut(List.of(THERE, BACK), Block.DROP);
            socket.getOutputStream().write(2);
            socket.setSoTimeout(SOON_MILLIS);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            try (Socket later = connect()) {
                later.getOutputStream().write(3);
                healing.heal();
                assertThat(later.getInputStream().read()).isEqualTo(3);
            }
            assertThat(socket.getInputStream().read()).isEqualTo(2);
        }
    }

    @Test
    void a_black_hole_swallows_and_only_new_connections_work_afterwards() throws Exception {
        linked(latency(1), latency(1));
        echo();
        try (Socket socket = connect()) {
            roundTrip(socket, 1);
            Healing healing = proxies.cut(List.of(THERE, BACK), Block.BLACK_HOLE);
            // More than the kernel keeps: some of it has been swallowed.
            socket.getOutputStream().write(new byte[32 << 20]);
            healing.heal();
            socket.getOutputStream().write(2);
            socket.setSoTimeout(SOON_MILLIS);
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            try (Socket fresh = connect()) {
                assertThat(roundTrip(fresh, 3)).isLessThan(1000);
            }
        }
    }

    @Test
    void who_is_rejected_is_told_at_once_and_so_is_who_would_reach_a_node_that_is_down() throws Exception {
        linked(latency(1), latency(1));
        echo();
        try (Socket socket = connect()) {
            roundTrip(socket, 1);
            Healing healing = proxies.cut(List.of(BACK), Block.REJECT);
            assertThatThrownBy(() -> roundTrip(socket, 2)).isInstanceOf(SocketException.class);
            assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
            healing.heal();
        }
        proxies.listening("b", false);
        assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
        proxies.listening("b", true);
        try (Socket fresh = connect()) {
            roundTrip(fresh, 3);
        }
        target.close();
        try (Socket last = connect()) {
            assertThatThrownBy(() -> new DataInputStream(last.getInputStream()).readFully(new byte[1]))
                    .isInstanceOf(IOException.class);
            // The next one is refused at the door.
            assertThatThrownBy(this::connect).isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void a_reset_breaks_connections_and_as_long_as_it_lasts_new_ones_too() throws Exception {
        linked(latency(1), latency(1));
        echo();
        try (Socket socket = connect()) {
            roundTrip(socket, 1);
            proxies.reset(List.of(THERE));
            assertThatThrownBy(() -> roundTrip(socket, 2)).isInstanceOf(SocketException.class);
        }
        Healing healing = proxies.cut(List.of(THERE, BACK), Block.RESET);
        assertThatThrownBy(() -> {
                    try (Socket socket = connect()) {
                        roundTrip(socket, 3);
                    }
                })
                .isInstanceOf(SocketException.class);
        healing.heal();
        try (Socket socket = connect()) {
            roundTrip(socket, 4);
        }
    }

    @Test
    void connections_in_one_direction_share_its_line_and_a_receiver_that_does_not_read_holds_nobody_else_up()
            throws Exception {
        linked(latency(1).rate(Rate.megabits(80)), latency(1));
        try (Socket silent = connect();
                Socket unread = target.accept()) {
            assertThat(unread.isConnected()).isTrue();
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    silent.getOutputStream().write(new byte[64 << 20]);
                } catch (IOException e) {
                    assertThat(e).isInstanceOf(SocketException.class);
                }
            });
            echo();
            try (Socket socket = connect()) {
                for (int i = 0; i < 20; i++) {
                    // A queue of 20 ms, and a turn.
                    assertThat(roundTrip(socket, i)).isLessThan(80);
                }
            }
            proxies.reset(List.of(THERE));
            writer.join();
        }
    }

    @Test
    void what_a_stream_cannot_have_is_refused() {
        assertThatThrownBy(() -> proxies.link(THERE, LinkModel.IDEAL.loss(new Loss.Independent(0.1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("loses");
    }
}
