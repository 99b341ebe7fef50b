package io.murmuration.cluster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.murmuration.cluster.config.HttpSettings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.security.KeyMaker;
import io.murmuration.cluster.security.TlsSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.net.ssl.SSLContext;
import org.apache.pekko.actor.testkit.typed.javadsl.ActorTestKit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Server and client over real sockets. */
final class HttpApiTest {

    private static final Duration WAIT = Duration.ofSeconds(20);
    private static final ActorTestKit KIT = ActorTestKit.create();

    private final ScriptedNode node = new ScriptedNode();

    @AfterAll
    static void end() {
        KIT.shutdownTestKit();
    }

    @Test
    void a_client_asks_and_orders_and_a_second_server_finds_the_port_in_use() {
        HttpSettings settings = ScriptedNode.settings("127.0.0.1", Optional.empty());
        try (HttpApi api = HttpApi.start(KIT.system(), settings, Optional.empty(), node);
                ApiClient client = new ApiClient(
                        "http://127.0.0.1:" + api.bound().getPort(), Optional.empty(), Optional.empty())) {
            assertThat(client.status(WAIT).json().path("node").asText()).isEqualTo("eu-1");
            assertThat(client.order("pause", WAIT).text()).isEqualTo("as you wish");
            assertThat(client.leave(Optional.of("eu-2"), WAIT).ok()).isTrue();
            assertThat(node.orders).containsExactly("PAUSE", "LEAVE of eu-2");

            HttpSettings same =
                    new HttpSettings(true, "127.0.0.1", api.bound().getPort(), Optional.empty(), 1024, WAIT, WAIT, 8);
            assertThatThrownBy(() -> HttpApi.start(KIT.system(), same, Optional.empty(), node))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("node.http")
                    .hasMessageContaining("the port is in use by another process");
        }
    }

    @Test
    void where_others_reach_it_it_speaks_tls_and_wants_the_token(@TempDir Path folder) {
        KeyMaker.make(folder, new KeyMaker.Wanted(List.of("eu-1"), true, Duration.ofDays(1)), Instant.now());
        SSLContext tls = new TlsSettings(
                        folder.resolve("ca.pem"), folder.resolve("eu-1.pem"), folder.resolve("eu-1.key.pem"))
                .context();
        HttpSettings settings = ScriptedNode.settings("0.0.0.0", Optional.of(ScriptedNode.TOKEN));
        try (HttpApi api = HttpApi.start(KIT.system(), settings, Optional.of(tls), node)) {
            String url = "https://127.0.0.1:" + api.bound().getPort();
            try (ApiClient client = new ApiClient(url, Optional.of(ScriptedNode.TOKEN), Optional.of(tls))) {
                assertThat(client.status(WAIT).ok()).isTrue();
            }
            try (ApiClient client = new ApiClient(url, Optional.of("another-token-of-16"), Optional.of(tls))) {
                assertThatThrownBy(() -> client.status(WAIT))
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining("wants another token");
            }
            try (ApiClient client = new ApiClient(url, Optional.of(ScriptedNode.TOKEN), Optional.empty())) {
                assertThatThrownBy(() -> client.status(WAIT))
                        .isInstanceOf(UserError.class)
                        .hasMessageContaining("no TLS with");
            }
        }
    }
}
