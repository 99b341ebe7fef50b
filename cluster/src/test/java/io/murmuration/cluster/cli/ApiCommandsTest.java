package io.murmuration.cluster.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.murmuration.cluster.report.Terminal;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands against a server that says what it is told to. */
final class ApiCommandsTest {

    private static final String STATUS =
            "{\"node\":\"eu-1\",\"life\":9,\"state\":\"taking part\",\"roles\":[\"shard\"],"
                    + "\"run\":\"abcd\",\"phase\":\"training\",\"leader\":\"eu-2\",\"term\":2,\"epoch\":7,\"step\":12,"
                    + "\"steps\":300,\"loss\":2.5,\"tokensPerSecond\":1500,\"liveShards\":6,\"members\":[{\"node\":\"eu-1\","
                    + "\"roles\":[\"shard\"],\"stages\":[0,1],\"reachable\":false}],\"wireBytes\":{\"forward\":2000},"
                    + "\"turnedAway\":{\"marked\":2,\"run\":1}}";

    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<String> asked = new ArrayList<>();
    private HttpServer server;
    private int code = 200;
    private String body = "{\"message\":\"as you wish\"}";

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String token = Optional.ofNullable(exchange.getRequestHeaders().getFirst("Authorization"))
                    .orElse("none");
            asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + token);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(code, bytes.length);
            exchange.getResponseBody().write(bytes);
            exchange.close();
        });
        server.start();
    }

    @AfterEach
    void end() {
        server.stop(0);
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private int execute(Map<String, String> environment, String... arguments) {
        out.reset();
        err.reset();
        Terminal terminal = Terminal.plain(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        Surroundings surroundings =
                new Surroundings(terminal, environment, Optional.of(folder), InstantSource.system());
        ScriptedRuns runs = new ScriptedRuns((step, stop) -> {});
        return new Murmuration(
                        new Parts(
                                runs,
                                path -> {
                                    throw new AssertionError("no model is wanted");
                                },
                                () -> "scripted compute"),
                        surroundings)
                .execute(arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void status_is_shown_for_people_and_for_programs() {
        body = STATUS;
        assertThat(execute(Map.of(), "status", "--url", url())).as(err()).isZero();
        assertThat(out())
                .contains("node eu-1 (shard), life 9, is taking part")
                .contains("eu-2 leads in term 2, epoch 7")
                .contains("this node's data port turned away or cut off: marked 2x, run 1x")
                .contains("step 12/300  loss 2.500  1.50 ktok/s  6 shards")
                .containsPattern("eu-1 +shard +0, 1 +unreachable");
        assertThat(execute(Map.of(), "status", "--url", url(), "--json")).isZero();
        assertThat(out().strip()).isEqualTo(STATUS);
    }

    @Test
    void orders_go_to_the_node_with_the_token_and_its_answer_is_shown() {
        Map<String, String> environment = Map.of("MURMURATION_NODE_HTTP_TOKEN", "from-the-environment");
        assertThat(execute(Map.of(), "pause", "--url", url(), "--token", "a-secret"))
                .isZero();
        assertThat(out()).isEqualTo("as you wish\n");
        assertThat(execute(environment, "resume", "--url", url())).isZero();
        assertThat(execute(Map.of(), "checkpoint", "--url", url(), "--json")).isZero();
        assertThat(out().strip()).isEqualTo(body);
        assertThat(execute(Map.of(), "leave", "--url", url(), "eu 3")).isZero();
        assertThat(asked)
                .containsExactly(
                        "POST /pause Bearer a-secret",
                        "POST /resume Bearer from-the-environment",
                        "POST /checkpoint none",
                        "POST /leave?node=eu+3 none");
    }

    @Test
    void the_node_is_found_by_its_settings_and_by_the_folder_of_a_local_cluster() throws IOException {
        Path config = folder.resolve("node.conf");
        Files.writeString(
                config,
                "murmuration.node.http { port = " + server.getAddress().getPort() + ", token = \"0123456789abcdef\" }");
        assertThat(execute(Map.of(), "pause", "--config", config.toString()))
                .as(err())
                .isZero();
        assertThat(asked).containsExactly("POST /pause Bearer 0123456789abcdef");
        Files.writeString(
                folder.resolve("cluster.json"),
                "{\"nodes\":[{\"name\":\"node-1\",\"url\":\"http://127.0.0.1:1\"},{\"name\":\"node-2\",\"url\":\""
                        + url() + "\"}]}");
        assertThat(execute(Map.of(), "pause", "--cluster", folder.toString()))
                .as("the first is dead: %s", err())
                .isZero();
        assertThat(execute(Map.of(), "status", "--cluster", folder.toString(), "node-7"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains("no node is called node-7; there are [node-1, node-2]");
    }

    @Test
    void whatever_is_wrong_is_said_in_one_line() {
        assertThat(execute(Map.of(), "status", "--url", "http://127.0.0.1:1")).isEqualTo(ExitCode.USAGE);
        assertThat(err())
                .startsWith("murmuration: nobody answers at http://127.0.0.1:1")
                .hasLineCount(1);
        assertThat(execute(Map.of(), "status", "--url", "eu-1:25522")).isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains("expected http://HOST:PORT").hasLineCount(1);
        code = 401;
        body = "{\"error\":\"this API wants its token\"}";
        assertThat(execute(Map.of(), "pause", "--url", url(), "--token", "wrong"))
                .isEqualTo(ExitCode.USAGE);
        assertThat(err())
                .contains("wants another token than this one")
                .doesNotContain("wrong:")
                .hasLineCount(1);
        code = 404;
        body = "{\"error\":\"no node is called eu-9; there are [eu-1]\"}";
        assertThat(execute(Map.of(), "leave", "--url", url(), "eu-9")).isEqualTo(ExitCode.USAGE);
        assertThat(err()).isEqualTo("murmuration: no node is called eu-9; there are [eu-1]\n");
        code = 409;
        body = "{\"error\":\"the run is over\"}";
        assertThat(execute(Map.of(), "checkpoint", "--url", url())).isEqualTo(ExitCode.FAILED);
        assertThat(err()).isEqualTo("murmuration: the run is over\n");
        code = 200;
        body = "<html>";
        assertThat(execute(Map.of(), "status", "--url", url())).isEqualTo(ExitCode.USAGE);
        assertThat(err()).contains("is no node of Murmuration").hasLineCount(1);
    }
}
