package io.murmuration.cluster.http;

import io.murmuration.cluster.config.HttpSettings;
import io.murmuration.cluster.membership.NodeStatus;
import io.murmuration.cluster.membership.Order;
import io.murmuration.cluster.membership.OrderAnswer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.pekko.http.javadsl.model.ContentTypes;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethod;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.StatusCode;
import org.apache.pekko.http.javadsl.model.StatusCodes;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.apache.pekko.http.scaladsl.model.IllegalUriException;

/**
 * From a request to its answer: one line of JSON, whatever was asked. What a web page sends on behalf of a visitor is
 * refused, because a page of anybody's reaches loopback too.
 */
final class Routes {

    private static final String BEARER = "Bearer ";

    /** @param open whether it is answered without a token */
    private record Route(
            String path,
            HttpMethod method,
            boolean open,
            Function<HttpRequest, CompletionStage<HttpResponse>> answer) {}

    private final HttpSettings settings;
    private final NodeApi node;
    private final List<Route> routes;

    Routes(HttpSettings settings, NodeApi node) {
        this.settings = settings;
        this.node = node;
        this.routes = List.of(
                new Route("/health", HttpMethods.GET, true, request -> now(StatusCodes.OK, Json.message("alive"))),
                new Route("/ready", HttpMethods.GET, true, request -> ready()),
                new Route(
                        "/status", HttpMethods.GET, false, request -> now(StatusCodes.OK, Json.status(node.status()))),
                new Route("/pause", HttpMethods.POST, false, request -> order(Order.PAUSE, Optional.empty())),
                new Route("/resume", HttpMethods.POST, false, request -> order(Order.RESUME, Optional.empty())),
                new Route("/checkpoint", HttpMethods.POST, false, request -> order(Order.CHECKPOINT, Optional.empty())),
                new Route("/leave", HttpMethods.POST, false, this::leave));
    }

    /** Never fails, and leaves the body, which means nothing, to the caller. */
    CompletionStage<HttpResponse> answer(HttpRequest request) {
        if (request.getHeader("Origin").isPresent()) {
            return refuse(StatusCodes.FORBIDDEN, "web pages may not use this API");
        }
        String path = request.getUri().path();
        Optional<Route> found =
                routes.stream().filter(route -> route.path().equals(path)).findFirst();
        // Whoever has no token does not learn what there is.
        if (!found.map(Route::open).orElse(false) && !authorised(request)) {
            return CompletableFuture.completedFuture(response(
                            StatusCodes.UNAUTHORIZED,
                            Json.error(
                                    "this API wants its token (node.http.token), as in \"Authorization: Bearer ...\""))
                    .addHeader(RawHeader.create("WWW-Authenticate", "Bearer")));
        }
        if (found.isEmpty()) {
            return refuse(
                    StatusCodes.NOT_FOUND,
                    "there is no such path, only "
                            + routes.stream().map(Route::path).toList());
        }
        Route route = found.get();
        if (!request.method().equals(route.method())) {
            return CompletableFuture.completedFuture(response(
                            StatusCodes.METHOD_NOT_ALLOWED,
                            Json.error(path + " wants " + route.method().value() + ", got "
                                    + request.method().value()))
                    .addHeader(RawHeader.create("Allow", route.method().value())));
        }
        if (request.entity().getContentLengthOption().orElse(0) > settings.largestRequest()) {
            return refuse(
                    StatusCodes.CONTENT_TOO_LARGE,
                    "a request has at most " + settings.largestRequest() + " bytes (node.http.largest-request)");
        }
        return route.answer().apply(request);
    }

    private CompletionStage<HttpResponse> ready() {
        NodeStatus status = node.status();
        return status.ready()
                ? now(StatusCodes.OK, Json.message("ready"))
                : refuse(StatusCodes.SERVICE_UNAVAILABLE, "not ready: " + status.phase());
    }

    private CompletionStage<HttpResponse> leave(HttpRequest request) {
        try {
            Optional<String> named = request.getUri().query().get("node");
            return order(
                    Order.LEAVE,
                    Optional.of(named.orElseGet(() -> node.status().self().node())));
        } catch (IllegalUriException e) {
            return refuse(StatusCodes.BAD_REQUEST, "expected /leave or /leave?node=NAME: " + e.getMessage());
        }
    }

    private CompletionStage<HttpResponse> order(Order order, Optional<String> to) {
        return node.order(order, to)
                .orTimeout(settings.orderTimeOut().toMillis(), TimeUnit.MILLISECONDS)
                .handle((answer, lost) -> Optional.ofNullable(answer)
                        .map(Routes::response)
                        .orElseGet(() -> response(
                                StatusCodes.GATEWAY_TIMEOUT,
                                Json.error("no answer within "
                                        + settings.orderTimeOut().toSeconds()
                                        + " s (node.http.order-time-out); the order may still be carried out"))));
    }

    private static HttpResponse response(OrderAnswer answer) {
        return switch (answer.outcome()) {
            case DONE -> response(StatusCodes.OK, Json.message(answer.text()));
            case REFUSED -> response(StatusCodes.CONFLICT, Json.error(answer.text()));
            case UNKNOWN_NODE -> response(StatusCodes.NOT_FOUND, Json.error(answer.text()));
            case NOT_NOW -> response(StatusCodes.SERVICE_UNAVAILABLE, Json.error(answer.text()));
        };
    }

    /** In a time that says nothing about the token: digests have one length, and are compared to their end. */
    private boolean authorised(HttpRequest request) {
        if (settings.token().isEmpty()) {
            return true;
        }
        String shown = request.getHeader("Authorization")
                .map(HttpHeader::value)
                .filter(value -> value.startsWith(BEARER))
                .map(value -> value.substring(BEARER.length()).strip())
                .orElse("");
        return MessageDigest.isEqual(
                digest(shown), digest(settings.token().orElseThrow().secret()));
    }

    private static byte[] digest(String text) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    private static CompletionStage<HttpResponse> refuse(StatusCode code, String why) {
        return now(code, Json.error(why));
    }

    private static CompletionStage<HttpResponse> now(StatusCode code, String line) {
        return CompletableFuture.completedFuture(response(code, line));
    }

    private static HttpResponse response(StatusCode code, String line) {
        return HttpResponse.create().withStatus(code).withEntity(ContentTypes.APPLICATION_JSON, line + "\n");
    }
}
