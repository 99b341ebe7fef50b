package io.murmuration.cluster.config;

import java.util.Optional;

/** What somebody needs who asks a node: where, and with what. */
public record LoadedHttp(HttpSettings http, Optional<NodeSettings.Tls> tls) {

    /** Where the API is. */
    public String url() {
        String host = http.host().contains(":") ? "[" + http.host() + "]" : http.host();
        return (http.loopback() || tls.isEmpty() ? "http" : "https") + "://" + host + ":" + http.port();
    }
}
