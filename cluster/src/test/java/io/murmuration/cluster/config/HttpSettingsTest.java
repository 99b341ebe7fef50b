package io.murmuration.cluster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.Test;

final class HttpSettingsTest {

    private static final String TOKEN = "a-token-nobody-knows";

    private static SettingsLoader loader() {
        return SettingsLoader.of(Map.of()).set("node.name", "n", "test");
    }

    @Test
    void a_port_that_others_reach_wants_a_token() {
        assertThat(loader().loadNode().node().http().host()).isEqualTo("127.0.0.1");
        for (String host : new String[] {"0.0.0.0", "::", "eu-1", "127.0.0.1.example.org"}) {
            SettingsLoader open = loader().set("node.http.host", host, "test");
            assertThatThrownBy(open::loadNode)
                    .as(host)
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("node.http.host = " + host)
                    .hasMessageContaining("node.http.token");
            HttpSettings guarded =
                    open.set("node.http.token", TOKEN, "test").loadNode().node().http();
            assertThat(guarded.loopback()).isFalse();
        }
        for (String host : new String[] {"localhost", "127.0.0.2", "::1"}) {
            assertThat(loader().set("node.http.host", host, "test")
                            .loadNode()
                            .node()
                            .http()
                            .loopback())
                    .isTrue();
        }
    }

    @Test
    void the_token_is_never_shown() {
        LoadedNode loaded = loader().set("node.http.token", TOKEN, "test").loadNode();
        assertThat(loaded.rendered()).doesNotContain(TOKEN).contains("token=\"(hidden)\"");
        assertThat(loaded.node().toString()).doesNotContain(TOKEN);
        assertThatThrownBy(() ->
                        loader().set("node.http.token", "short-one", "test").loadNode())
                .isInstanceOf(UserError.class)
                .hasMessageContaining("node.http.token")
                .hasMessageNotContaining("short-one");
    }
}
