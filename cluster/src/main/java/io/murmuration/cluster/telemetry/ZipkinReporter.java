package io.murmuration.cluster.telemetry;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.typesafe.config.Config;
import io.murmuration.cluster.report.Reasons;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Function;
import kamon.module.SpanReporter;
import kamon.tag.TagSet;
import kamon.trace.Span;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.collection.immutable.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Sends spans to a Zipkin server as the JSON of its API, version 2; Kamon's own module for it is not there for this version.
 * What the server does not take is lost, and said once. Called by one thread of Kamon's.
 */
final class ZipkinReporter implements SpanReporter {

    private static final Logger LOG = LoggerFactory.getLogger(ZipkinReporter.class);

    /** A server that is there answers in milliseconds; a longer wait only fills the queue. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final ObjectMapper JSON = new ObjectMapper();

    private final String node;
    private final URI spans;
    private final HttpClient client =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();
    private Optional<String> trouble = Optional.empty();

    /** @param endpoint base address of the server */
    ZipkinReporter(String node, URI endpoint) {
        this.node = node;
        this.spans = endpoint.resolve("/api/v2/spans");
    }

    @Override
    public void reportSpans(Seq<Span.Finished> finished) {
        if (finished.isEmpty()) {
            return;
        }
        ArrayNode all = JSON.createArrayNode();
        CollectionConverters.asJava(finished).forEach(span -> all.add(json(span)));
        try {
            HttpRequest request = HttpRequest.newBuilder(spans)
                    .timeout(PATIENCE)
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(JSON.writeValueAsBytes(all)))
                    .build();
            HttpResponse<Void> answer = client.send(request, HttpResponse.BodyHandlers.discarding());
            note(answer.statusCode() / 100 == 2 ? Optional.empty() : Optional.of("status " + answer.statusCode()));
        } catch (IOException e) {
            note(Optional.of(Reasons.of(e)));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void note(Optional<String> now) {
        if (now.isPresent() && trouble.isEmpty()) {
            LOG.warn("spans are lost: {} does not take them: {}", spans, now.get());
        } else if (now.isEmpty() && trouble.isPresent()) {
            LOG.info("{} takes spans again", spans);
        }
        trouble = now;
    }

    /** One span; times in microseconds, and none shorter than one. */
    private ObjectNode json(Span.Finished span) {
        ObjectNode json = JSON.createObjectNode();
        json.put("traceId", span.trace().id().string());
        json.put("id", span.id().string());
        if (!span.parentId().isEmpty()) {
            json.put("parentId", span.parentId().string());
        }
        json.put("name", span.operationName());
        String kind = span.kind().toString().toUpperCase(Locale.ROOT);
        if (kind.equals("PRODUCER") || kind.equals("CONSUMER")) {
            json.put("kind", kind);
        }
        json.put("timestamp", ChronoUnit.MICROS.between(Instant.EPOCH, span.from()));
        json.put("duration", Math.max(1, ChronoUnit.MICROS.between(span.from(), span.to())));
        json.putObject("localEndpoint").put("serviceName", node);
        ObjectNode tags = json.putObject("tags");
        add(tags, span.tags());
        add(tags, span.metricTags());
        return json;
    }

    private static void add(ObjectNode tags, TagSet set) {
        Function<Object, String> text = String::valueOf;
        CollectionConverters.asJava(set.iterator(text)).forEachRemaining(pair -> tags.put(pair.key(), pair.value()));
    }

    @Override
    public void stop() {
        client.close();
    }

    /** Everything was known when it was made. */
    @Override
    public void reconfigure(Config config) {}
}
