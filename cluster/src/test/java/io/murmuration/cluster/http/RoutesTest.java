package io.murmuration.cluster.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.membership.OrderAnswer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.http.javadsl.model.HttpEntity;
import org.apache.pekko.http.javadsl.model.HttpRequest;
import org.apache.pekko.http.javadsl.model.HttpResponse;
import org.apache.pekko.http.javadsl.model.headers.RawHeader;
import org.junit.jupiter.api.Test;

final class RoutesTest {

    private final ScriptedNode node = new ScriptedNode();
    private final Routes open = new Routes(ScriptedNode.settings("127.0.0.1", Optional.empty()), node);
    private final Routes guarded = new Routes(ScriptedNode.settings("0.0.0.0", Optional.of(ScriptedNode.TOKEN)), node);

    private static HttpResponse answer(Routes routes, HttpRequest request) throws Exception {
        return routes.answer(request).toCompletableFuture().get(5, TimeUnit.SECONDS);
    }

    private static JsonNode json(HttpResponse response) throws Exception {
        String text = ((HttpEntity.Strict) response.entity()).getData().utf8String();
        assertThat(text.lines()).as("one line").hasSize(1);
        return Json.MAPPER.readTree(text);
    }

    private static HttpRequest with(HttpRequest request, String header, String value) {
        return request.addHeader(RawHeader.create(header, value));
    }

    @Test
    void a_node_says_that_it_lives_whether_it_takes_part_and_what_it_knows() throws Exception {
        assertThat(answer(open, HttpRequest.GET("/health")).status().intValue()).isEqualTo(200);
        assertThat(answer(open, HttpRequest.GET("/ready")).status().intValue()).isEqualTo(200);
        JsonNode status = json(answer(open, HttpRequest.GET("/status")));
        assertThat(status.path("node").asText()).isEqualTo("eu-1");
        assertThat(status.path("life").asLong()).isEqualTo(9);
        assertThat(status.path("roles").toString()).isEqualTo("[\"trainer\",\"shard\"]");
        assertThat(status.path("leader").asText()).isEqualTo("eu-1");
        assertThat(status.path("term").asLong()).isEqualTo(2);
        assertThat(status.path("epoch").asLong()).isEqualTo(7);
        assertThat(status.path("step").asLong()).isEqualTo(12);
        assertThat(status.path("loss").isNull()).isTrue();
        assertThat(status.path("tokensPerSecond").asDouble()).isEqualTo(1234);
        assertThat(status.path("members").path(0).path("stages").toString()).isEqualTo("[0]");
        assertThat(status.path("members").path(1).path("stages").toString()).isEqualTo("[]");
        assertThat(status.path("members").path(1).path("reachable").asBoolean()).isFalse();
        assertThat(status.path("wireBytes").path("forward").asLong()).isEqualTo(5);
        assertThat(status.path("wireBytes").path("bulk").asLong()).isEqualTo(7);
        assertThat(status.path("turnedAway").toString()).isEqualTo("{\"marked\":2}");

        node.joined = false;
        assertThat(answer(open, HttpRequest.GET("/ready")).status().intValue()).isEqualTo(503);
        assertThat(answer(open, HttpRequest.GET("/health")).status().intValue()).isEqualTo(200);
    }

    @Test
    void orders_are_passed_on_and_answered() throws Exception {
        assertThat(json(answer(open, HttpRequest.POST("/pause")))
                        .path("message")
                        .asText())
                .isEqualTo("as you wish");
        answer(open, HttpRequest.POST("/resume"));
        answer(open, HttpRequest.POST("/checkpoint"));
        answer(open, HttpRequest.POST("/leave"));
        answer(open, HttpRequest.POST("/leave?node=eu-2"));
        assertThat(node.orders).containsExactly("PAUSE", "RESUME", "CHECKPOINT", "LEAVE of eu-1", "LEAVE of eu-2");
    }

    @Test
    void what_cannot_be_done_has_a_status_of_its_own_and_one_line_that_says_why() throws Exception {
        node.answer = CompletableFuture.completedFuture(OrderAnswer.refused("the disk is full"));
        HttpResponse refused = answer(open, HttpRequest.POST("/checkpoint"));
        assertThat(refused.status().intValue()).isEqualTo(409);
        assertThat(json(refused).path("error").asText()).isEqualTo("the disk is full");
        node.answer = CompletableFuture.completedFuture(
                new OrderAnswer(OrderAnswer.Outcome.UNKNOWN_NODE, "no node is called x"));
        assertThat(answer(open, HttpRequest.POST("/leave?node=x")).status().intValue())
                .isEqualTo(404);
        node.answer = CompletableFuture.completedFuture(OrderAnswer.notNow("nobody leads"));
        assertThat(answer(open, HttpRequest.POST("/pause")).status().intValue()).isEqualTo(503);
        node.answer = new CompletableFuture<>();
        HttpResponse late = answer(open, HttpRequest.POST("/checkpoint"));
        assertThat(late.status().intValue()).isEqualTo(504);
        assertThat(json(late).path("error").asText()).contains("node.http.order-time-out");
    }

    @Test
    void unknown_paths_wrong_methods_large_bodies_and_web_pages_are_refused() throws Exception {
        HttpResponse unknown = answer(open, HttpRequest.GET("/stop"));
        assertThat(unknown.status().intValue()).isEqualTo(404);
        assertThat(json(unknown).path("error").asText()).contains("/status");
        HttpResponse method = answer(open, HttpRequest.GET("/pause"));
        assertThat(method.status().intValue()).isEqualTo(405);
        assertThat(method.getHeader("Allow").orElseThrow().value()).isEqualTo("POST");
        assertThat(answer(open, HttpRequest.POST("/pause").withEntity("x".repeat(1025)))
                        .status()
                        .intValue())
                .isEqualTo(413);
        assertThat(answer(open, with(HttpRequest.POST("/leave"), "Origin", "https://example.org"))
                        .status()
                        .intValue())
                .isEqualTo(403);
        assertThat(node.orders).isEmpty();
    }

    @Test
    void without_the_token_nothing_is_said_or_done_but_that_the_node_lives() throws Exception {
        for (String shown : new String[] {
            "",
            "Bearer ",
            "Bearer 0123456789abcdeX",
            "Basic " + ScriptedNode.TOKEN,
            "Bearer " + ScriptedNode.TOKEN + "0"
        }) {
            for (HttpRequest request : new HttpRequest[] {
                HttpRequest.GET("/status"), HttpRequest.POST("/leave"), HttpRequest.GET("/no-such-path")
            }) {
                HttpResponse response = answer(guarded, with(request, "Authorization", shown));
                assertThat(response.status().intValue()).as(shown).isEqualTo(401);
                assertThat(json(response).path("error").asText()).doesNotContain(ScriptedNode.TOKEN);
            }
        }
        assertThat(node.orders).isEmpty();
        assertThat(answer(guarded, HttpRequest.GET("/health")).status().intValue())
                .isEqualTo(200);
        assertThat(answer(guarded, with(HttpRequest.GET("/status"), "Authorization", "Bearer " + ScriptedNode.TOKEN))
                        .status()
                        .intValue())
                .isEqualTo(200);
    }
}
