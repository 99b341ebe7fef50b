package io.murmuration.cluster.config;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The HTTP API of a node; {@code murmuration.node.http} in {@code reference.conf} says why each limit is what it is.
 *
 * @param host where it listens
 * @param port where it listens; 0: a free one
 * @param token what who asks has to show; empty: nothing, which is refused where others can reach the port
 * @param largestRequest bytes of a request's body
 * @param orderTimeOut for the answer to an order
 * @param idleTimeOut without a byte a connection is closed
 * @param connections at once
 */
public record HttpSettings(
        boolean enabled,
        String host,
        int port,
        Optional<Token> token,
        long largestRequest,
        Duration orderTimeOut,
        Duration idleTimeOut,
        int connections) {

    private static final Pattern LOOPBACK = Pattern.compile("localhost|127(\\.\\d{1,3}){3}|::1|0:0:0:0:0:0:0:1");

    /** A secret that no message or file of settings shows. */
    public record Token(String secret) {
        @Override
        public String toString() {
            return "(hidden)";
        }
    }

    /** @throws UserError if others could give orders without a token */
    public HttpSettings {
        if (enabled && !LOOPBACK.matcher(host).matches() && token.isEmpty()) {
            throw new UserError("node.http.host = " + host
                    + ": others can reach the HTTP API there, so it needs a token: set node.http.token"
                    + " (MURMURATION_NODE_HTTP_TOKEN), or listen on 127.0.0.1");
        }
    }

    /** Whether only this machine reaches it. */
    public boolean loopback() {
        return LOOPBACK.matcher(host).matches();
    }
}
