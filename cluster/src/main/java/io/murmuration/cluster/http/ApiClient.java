package io.murmuration.cluster.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;

/** Asks the API of one node. Thread-safe. */
public final class ApiClient implements AutoCloseable {

    private static final Duration CONNECT = Duration.ofSeconds(3);

    /** What came back: the object that the node said, whatever it means. */
    public record Reply(int status, JsonNode json) {

        public boolean ok() {
            return status == 200;
        }

        /** What the node says in words. */
        public String text() {
            return json.path(ok() ? "message" : "error").asText("status " + status);
        }
    }

    private final URI url;
    private final Optional<String> token;
    private final HttpClient client;

    /**
     * @param tls whom to trust, if the URL says https and it is not one of the certificates every JDK knows
     * @throws UserError if that is no URL of an API
     */
    public ApiClient(String url, Optional<String> token, Optional<SSLContext> tls) {
        this.url = url(url);
        this.token = token;
        HttpClient.Builder builder =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT);
        tls.ifPresent(builder::sslContext);
        this.client = builder.build();
    }

    private static URI url(String text) {
        try {
            URI uri = URI.create(text.endsWith("/") ? text.substring(0, text.length() - 1) : text);
            boolean web = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
            if (web && uri.getHost() != null && uri.getPath().isEmpty()) {
                return uri;
            }
        } catch (IllegalArgumentException e) {
            throw new UserError("no URL of a node: " + text + " (expected http://HOST:PORT)", e);
        }
        throw new UserError("no URL of a node: " + text + " (expected http://HOST:PORT)");
    }

    /**
     * What a node knows.
     *
     * @throws UserError if it cannot be asked
     */
    public Reply status(Duration wait) {
        return send(request("/status", wait).GET().build());
    }

    /**
     * Orders {@code path}, such as {@code pause}.
     *
     * @throws UserError if it cannot be asked
     */
    public Reply order(String path, Duration wait) {
        return send(request("/" + path, wait)
                .POST(HttpRequest.BodyPublishers.noBody())
                .build());
    }

    /**
     * Asks a node to leave, this one if {@code node} names none.
     *
     * @throws UserError if it cannot be asked
     */
    public Reply leave(Optional<String> node, Duration wait) {
        return order(
                "leave"
                        + node.map(name -> "?node=" + URLEncoder.encode(name, StandardCharsets.UTF_8))
                                .orElse(""),
                wait);
    }

    private HttpRequest.Builder request(String path, Duration wait) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(url + path)).timeout(wait);
        token.ifPresent(secret -> request.header("Authorization", "Bearer " + secret));
        return request;
    }

    private Reply send(HttpRequest request) {
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString(StandardCharsets.UTF_8));
            Reply reply = new Reply(response.statusCode(), Json.MAPPER.readTree(response.body()));
            if (reply.status() == 401) {
                throw new UserError("the node at " + url + " wants another token than "
                        + (token.isPresent() ? "this one" : "none")
                        + ": --token, or MURMURATION_NODE_HTTP_TOKEN");
            }
            return reply;
        } catch (JsonProcessingException e) {
            throw new UserError("what answers at " + url + " is no node of Murmuration", e);
        } catch (HttpConnectTimeoutException | ConnectException e) {
            throw new UserError(
                    "nobody answers at " + url + ": is the node running, and its API there (node.http)?", e);
        } catch (HttpTimeoutException e) {
            throw new UserError("the node at " + url + " did not answer in time", e);
        } catch (SSLException e) {
            throw new UserError("no TLS with " + url + ": " + e.getMessage(), e);
        } catch (IOException e) {
            throw new UserError("cannot ask the node at " + url + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new UserError("interrupted while the node at " + url + " was asked", e);
        }
    }

    @Override
    public void close() {
        client.close();
    }
}
