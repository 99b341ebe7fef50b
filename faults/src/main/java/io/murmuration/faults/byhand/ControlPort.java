package io.murmuration.faults.byhand;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes what is asked for: a line of JSON each way on a loopback port, for whoever knows the token. What was asked is put in a
 * queue for the cluster's own thread. Thread-safe.
 */
final class ControlPort implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ControlPort.class);
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Names of 64 nodes and the rest fit well. */
    private static final int LONGEST_LINE = 16 * 1024;

    /** Connections at once; people inject one thing at a time. */
    private static final int MOST_AT_ONCE = 16;

    private static final int LINE_MILLIS = (int) Duration.ofSeconds(5).toMillis();

    /** The cluster's thread looks ten times a second, unless it is stopping. */
    private static final Duration ANSWER = Duration.ofSeconds(8);

    /** Something that somebody wants, and waits for. */
    record Wanted(Injection injection, CompletableFuture<String> done) {}

    private final ServerSocket socket;
    private final Door door;
    private final Queue<Wanted> wanted = new ConcurrentLinkedQueue<>();
    private final Semaphore room = new Semaphore(MOST_AT_ONCE);

    private ControlPort(ServerSocket socket) {
        this.socket = socket;
        this.door = Door.at(socket.getLocalPort());
    }

    /** @throws UserError if there is no port */
    static ControlPort open() {
        try {
            ControlPort port = new ControlPort(new ServerSocket(0, MOST_AT_ONCE, InetAddress.getLoopbackAddress()));
            Thread.ofVirtual().name("murmuration-inject").start(port::serve);
            return port;
        } catch (IOException e) {
            throw new UserError("no port on loopback for bin/murmuration inject: " + e.getMessage(), e);
        }
    }

    Door door() {
        return door;
    }

    /** The next thing that is wanted. */
    Optional<Wanted> next() {
        return Optional.ofNullable(wanted.poll());
    }

    private void serve() {
        try {
            while (true) {
                Socket client = socket.accept();
                if (room.tryAcquire()) {
                    Thread.ofVirtual().start(() -> answer(client));
                } else {
                    client.close();
                }
            }
        } catch (IOException e) {
            LOG.debug("the port for faults is closed: {}", e.getMessage());
        }
    }

    private void answer(Socket client) {
        try (client) {
            client.setSoTimeout(LINE_MILLIS);
            ObjectNode reply = reply(client.getInputStream());
            client.getOutputStream().write((reply + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            LOG.debug("somebody asked for a fault and went: {}", e.getMessage());
        } finally {
            room.release();
        }
    }

    private ObjectNode reply(InputStream input) throws IOException {
        try {
            return MAPPER.createObjectNode().put("done", carryOut(line(input)));
        } catch (UserError e) {
            return MAPPER.createObjectNode().put("error", e.getMessage());
        }
    }

    private String carryOut(String line) {
        JsonNode json;
        try {
            json = MAPPER.readTree(line);
        } catch (JsonProcessingException e) {
            throw new UserError("expected a line of JSON", e);
        }
        byte[] token = json.path("token").asText().getBytes(StandardCharsets.UTF_8);
        if (!MessageDigest.isEqual(token, door.token().getBytes(StandardCharsets.UTF_8))) {
            throw new UserError("wrong token");
        }
        Wanted asked = new Wanted(Injection.read(json), new CompletableFuture<>());
        wanted.add(asked);
        try {
            return asked.done().get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new UserError(e.getCause().getMessage(), e);
        } catch (TimeoutException e) {
            // Nobody waits for it any more; if it is not begun yet it never is.
            wanted.remove(asked);
            throw new UserError("the cluster is stopping, or over", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("interrupted", e);
        }
    }

    private static String line(InputStream input) throws IOException {
        byte[] line = new byte[LONGEST_LINE];
        int length = 0;
        for (int next = input.read(); next >= 0 && next != '\n'; next = input.read()) {
            if (length == LONGEST_LINE) {
                throw new UserError("expected a line of at most " + LONGEST_LINE + " bytes");
            }
            line[length++] = (byte) next;
        }
        return new String(line, 0, length, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.warn("the port for faults cannot be closed: {}", e.getMessage());
        }
    }
}
