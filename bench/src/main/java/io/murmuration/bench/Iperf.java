package io.murmuration.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** {@code iperf3} of this machine, one stream over loopback: what a connection carries from one C program to another. */
final class Iperf implements WireRun.Way, AutoCloseable {

    private static final String PROGRAM = "iperf3";

    private final Process server;
    private final int port;
    private final int mib;

    private Iperf(Process server, int port, int mib) {
        this.server = server;
        this.port = port;
        this.mib = mib;
    }

    /**
     * Ready to send; empty if it is not installed.
     *
     * @param mib sent each time
     */
    static Optional<Iperf> start(int mib) {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException("no port is free", e);
        }
        Process server;
        try {
            server = new ProcessBuilder(PROGRAM, "-s", "-B", "127.0.0.1", "-p", Integer.toString(port), "--forceflush")
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException notThere) {
            return Optional.empty();
        }
        awaitListening(server);
        return Optional.of(new Iperf(server, port, mib));
    }

    private static void awaitListening(Process server) {
        BufferedReader said = server.inputReader(StandardCharsets.UTF_8);
        try {
            String line = said.readLine();
            while (line != null && !line.contains("listening")) {
                line = said.readLine();
            }
            if (line == null) {
                throw new IllegalStateException("the server of " + PROGRAM + " ended before it listened");
            }
        } catch (IOException e) {
            throw new UncheckedIOException("what " + PROGRAM + " says cannot be read", e);
        }
        // It goes on talking and must not wait for a reader.
        Thread.ofPlatform().daemon().name("iperf3-output").start(() -> said.lines()
                .forEach(line -> {}));
    }

    @Override
    public double seconds() {
        List<String> command = List.of(PROGRAM, "-c", "127.0.0.1", "-p", Integer.toString(port), "-n", mib + "M", "-J");
        try {
            Process client =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            JsonNode received = new ObjectMapper()
                    .readTree(client.getInputStream())
                    .path("end")
                    .path("sum_received");
            if (client.waitFor() != 0 || received.path("bytes").asLong() == 0) {
                throw new IllegalStateException(String.join(" ", command) + " ended with code " + client.exitValue());
            }
            double bytes = (double) mib * (1 << 20);
            return received.path("seconds").asDouble()
                    * bytes
                    / received.path("bytes").asLong();
        } catch (IOException e) {
            throw new UncheckedIOException(PROGRAM + " cannot be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + PROGRAM + " ran", e);
        }
    }

    @Override
    public void close() {
        // Not the process itself: its streams would be closed under who reads them.
        server.toHandle().destroy();
    }
}
