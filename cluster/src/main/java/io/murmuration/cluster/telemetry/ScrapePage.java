package io.murmuration.cluster.telemetry;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.murmuration.cluster.config.TelemetrySettings.Prometheus;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;

/**
 * The page that a Prometheus asks for. Each request has a virtual thread, so one that is sent by halves holds up no other, and
 * is given up after {@value #SECONDS} s.
 */
final class ScrapePage implements AutoCloseable {

    private static final String PATH = "/metrics";
    private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final int WAITING = 16;

    private static final int SECONDS = 10;
    private static final int MOST_CONNECTIONS = 64;

    // The server of the JDK has these limits for a whole process only, and none by default; it reads them once.
    static {
        limit("sun.net.httpserver.maxReqTime", SECONDS);
        limit("sun.net.httpserver.maxRspTime", SECONDS);
        limit("jdk.httpserver.maxConnections", MOST_CONNECTIONS);
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Supplier<String> page;

    /** @throws UserError if it cannot listen there */
    ScrapePage(Prometheus settings, Supplier<String> page) {
        this.page = page;
        String where = settings.host() + ":" + settings.port();
        try {
            InetSocketAddress address = new InetSocketAddress(settings.host(), settings.port());
            if (address.isUnresolved()) {
                throw new UserError(
                        "telemetry.prometheus.host: this machine does not know the host " + settings.host());
            }
            server = HttpServer.create(address, WAITING);
        } catch (IOException e) {
            throw new UserError(
                    "cannot listen on " + where + " for Prometheus (telemetry.prometheus): " + Reasons.of(e), e);
        }
        server.setExecutor(threads);
        server.createContext(PATH, this::answer);
        server.start();
    }

    private static void limit(String property, int value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, Integer.toString(value));
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = page.get().getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", TYPE);
            exchange.sendResponseHeaders(200, body.length == 0 ? -1 : body.length);
            try (OutputStream out = exchange.getResponseBody()) {
                out.write(body);
            }
        }
    }

    InetSocketAddress bound() {
        return server.getAddress();
    }

    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
