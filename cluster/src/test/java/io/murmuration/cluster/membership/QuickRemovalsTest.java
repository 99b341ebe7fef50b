package io.murmuration.cluster.membership;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.transport.DataAddress;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** What keeps a removal from following a rumour: a look of one's own, and a bound. */
final class QuickRemovalsTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private static boolean refused(String host, int port) throws Exception {
        return PortProbe.refused(new DataAddress("eu-2", host, port)).get(30, TimeUnit.SECONDS);
    }

    @Test
    void only_a_port_at_which_nobody_listens_refuses() throws Exception {
        int port;
        try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = listening.getLocalPort();
            assertThat(refused("127.0.0.1", port)).isFalse();
        }
        assertThat(refused("127.0.0.1", port)).isTrue();
        assertThat(refused("no-such-host.invalid", port)).isFalse();
    }

    @Test
    void a_life_is_removed_once_and_a_minute_has_only_so_many() {
        QuickRemovals removals = new QuickRemovals(2);
        assertThat(removals.allows("a", 5, 0)).isTrue();
        assertThat(removals.allows("a", 5, SECOND)).isFalse();
        assertThat(removals.allows("a", 4, SECOND)).isFalse();
        assertThat(removals.allows("a", 6, 2 * SECOND)).isTrue();
        assertThat(removals.allows("b", 1, 59 * SECOND)).isFalse();
        assertThat(removals.allows("b", 1, 60 * SECOND)).isTrue();
        assertThat(removals.allows("c", 1, 61 * SECOND)).isFalse();
        assertThat(removals.allows("c", 1, 62 * SECOND)).isTrue();
        assertThat(new QuickRemovals(0).allows("a", 1, 0)).isFalse();
    }

    @Test
    void what_is_remembered_is_bounded() {
        QuickRemovals removals = new QuickRemovals(Integer.MAX_VALUE);
        for (int i = 0; i <= QuickRemovals.MOST_NODES; i++) {
            assertThat(removals.allows("n" + i, 1, i)).isTrue();
        }
        assertThat(removals.allows("n1", 1, SECOND)).isFalse();
        assertThat(removals.allows("n0", 1, SECOND)).as("made room").isTrue();
    }
}
