package io.murmuration.cluster.config;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/**
 * What a node tells those who watch it; each is explained in {@code reference.conf} under {@code telemetry}.
 *
 * @param prometheus where numbers can be asked for; empty: nowhere
 * @param otlp where spans are sent by OpenTelemetry's protocol
 * @param zipkin base address of a Zipkin server that gets spans
 * @param sample one microbatch in so many is followed; 0: none
 * @param interval between two sendings
 * @param queue spans that may wait to be sent
 */
public record TelemetrySettings(
        Optional<Prometheus> prometheus,
        Optional<Otlp> otlp,
        Optional<URI> zipkin,
        int sample,
        Duration interval,
        int queue) {

    /**
     * The page with the numbers.
     *
     * @param port 0: a free one
     */
    public record Prometheus(String host, int port) {}

    /** How OpenTelemetry's protocol travels. */
    public enum Protocol {
        HTTP,
        GRPC
    }

    /** @param endpoint base address of the collector */
    public record Otlp(URI endpoint, Protocol protocol) {}

    /** Whether anybody gets spans. */
    public boolean traces() {
        return otlp.isPresent() || zipkin.isPresent();
    }

    /** Whether anybody gets anything. */
    public boolean watched() {
        return prometheus.isPresent() || traces();
    }
}
