package io.murmuration.cluster.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.murmuration.cluster.config.TelemetrySettings.Prometheus;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ScrapePageTest {

    @Test
    void requests_that_never_end_hold_up_no_other() throws Exception {
        try (ScrapePage page = new ScrapePage(new Prometheus("127.0.0.1", 0), () -> "murmuration_numbers 1\n");
                HttpClient client = HttpClient.newHttpClient()) {
            InetSocketAddress where = page.bound();
            List<Socket> halves = new ArrayList<>();
            try {
                for (int i = 0; i < 8; i++) {
                    Socket half = new Socket(where.getAddress(), where.getPort());
                    halves.add(half);
                    half.getOutputStream().write("GET /metrics HTT".getBytes(StandardCharsets.US_ASCII));
                }
                HttpResponse<String> answer = client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + where.getPort() + "/metrics"))
                                .timeout(Duration.ofSeconds(20))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(200);
                assertThat(answer.body()).contains("murmuration_numbers 1");
            } finally {
                for (Socket half : halves) {
                    half.close();
                }
            }
        }
    }
}
