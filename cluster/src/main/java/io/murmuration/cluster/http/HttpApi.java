package io.murmuration.cluster.http;

import io.murmuration.cluster.config.HttpSettings;
import io.murmuration.cluster.config.UserError;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.ConnectionContext;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.apache.pekko.http.javadsl.ServerBuilder;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.settings.ServerSettings;
import org.apache.pekko.japi.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP API of a node. On loopback it is plain; where others reach it, it is HTTPS with the node's certificate, if it has
 * one. Thread-safe.
 */
public final class HttpApi implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HttpApi.class);

    private static final Duration BIND = Duration.ofSeconds(30);
    /** For answers that are on their way; a question takes no time, and who waits for an order is told to ask again. */
    private static final Duration CLOSE = Duration.ofSeconds(2);
    /** Ours answers first, and in JSON. */
    private static final Duration AFTER_ORDER = Duration.ofSeconds(5);

    private final ServerBinding binding;

    private HttpApi(ServerBinding binding) {
        this.binding = binding;
    }

    /** @throws UserError if it cannot listen there */
    public static HttpApi start(ActorSystem<?> system, HttpSettings settings, Optional<SSLContext> tls, NodeApi node) {
        Routes routes = new Routes(settings, node);
        ServerBuilder builder =
                Http.get(system).newServerAt(settings.host(), settings.port()).withSettings(limits(system, settings));
        boolean secure = !settings.loopback() && tls.isPresent();
        if (secure) {
            SSLContext context = tls.get();
            // Who asks shows a token, not a certificate.
            builder = builder.enableHttps(ConnectionContext.httpsServer(() -> {
                SSLEngine engine = context.createSSLEngine();
                engine.setUseClientMode(false);
                return engine;
            }));
        }
        Function<HttpRequest, CompletionStage<HttpResponse>> handler = request -> {
            request.discardEntityBytes(system);
            return routes.answer(request);
        };
        try {
            ServerBinding binding =
                    builder.bind(handler).toCompletableFuture().get(BIND.toMillis(), TimeUnit.MILLISECONDS);
            LOG.info("the HTTP API listens on {} ({})", binding.localAddress(), secure ? "https" : "http");
            return new HttpApi(binding);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the HTTP API was to listen", e);
        } catch (ExecutionException | TimeoutException e) {
            throw new UserError(
                    "cannot listen on " + settings.host() + ":" + settings.port() + " for the HTTP API (node.http): "
                            + reason(e),
                    e);
        }
    }

    private static ServerSettings limits(ActorSystem<?> system, HttpSettings settings) {
        ServerSettings usual = ServerSettings.create(system.classicSystem());
        return usual.withMaxConnections(settings.connections())
                .withTimeouts(usual.getTimeouts()
                        .withIdleTimeout(toScala(settings.idleTimeOut()))
                        .withRequestTimeout(toScala(settings.orderTimeOut().plus(AFTER_ORDER))))
                .withParserSettings(usual.getParserSettings().withMaxContentLength(settings.largestRequest()));
    }

    private static scala.concurrent.duration.FiniteDuration toScala(Duration duration) {
        return scala.concurrent.duration.FiniteDuration.create(duration.toMillis(), TimeUnit.MILLISECONDS);
    }

    private static String reason(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String text = String.valueOf(cause.getMessage());
            if (cause instanceof UnresolvedAddressException) {
                return "this machine does not know the host";
            }
            if (text.contains("Address already in use")) {
                return "the port is in use by another process";
            }
            if (cause instanceof BindException || cause instanceof SocketException) {
                return text;
            }
        }
        return failure instanceof TimeoutException
                ? "it takes more than " + BIND.toSeconds() + " s"
                : "" + failure.getCause();
    }

    /** Where it listens. */
    public InetSocketAddress bound() {
        return binding.localAddress();
    }

    /** Lets go of the port, and of the connections once their answers are out. */
    @Override
    public void close() {
        try {
            binding.terminate(CLOSE)
                    .toCompletableFuture()
                    .get(CLOSE.multipliedBy(2).toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (ExecutionException | TimeoutException e) {
            LOG.warn("the HTTP API was not closed in {}: {}", CLOSE, e.toString());
        }
    }
}
