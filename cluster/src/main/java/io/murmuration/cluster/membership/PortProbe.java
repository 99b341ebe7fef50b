package io.murmuration.cluster.membership;

import io.murmuration.cluster.transport.DataAddress;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Looks for itself whether a port refuses connections. */
final class PortProbe {

    /** An answer from anywhere takes less; whoever says nothing for so long has not refused. */
    static final Duration PATIENCE = Duration.ofSeconds(2);

    /** What Java says of a refusal, as against other ways in which no connection comes about. */
    private static final String REFUSED = "refused";

    private PortProbe() {}

    /**
     * Connects once, from a thread of its own, because to find the host may take long.
     *
     * @return whether the connection was refused; silence, an unknown host and an open port are none
     */
    static CompletableFuture<Boolean> refused(DataAddress address) {
        CompletableFuture<Boolean> answer = new CompletableFuture<>();
        Thread.ofVirtual().name("port-probe-" + address.node()).start(() -> answer.complete(isRefused(address)));
        return answer;
    }

    private static boolean isRefused(DataAddress address) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(address.host(), address.port()), (int) PATIENCE.toMillis());
            return false;
        } catch (ConnectException e) {
            return String.valueOf(e.getMessage()).contains(REFUSED);
        } catch (IOException e) {
            return false; // nothing that a dead process would do
        }
    }
}
