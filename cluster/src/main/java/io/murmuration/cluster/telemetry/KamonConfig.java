package io.murmuration.cluster.telemetry;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import io.murmuration.cluster.config.TelemetrySettings;
import io.murmuration.cluster.config.TelemetrySettings.Protocol;
import java.util.LinkedHashMap;
import java.util.Map;
import kamon.Kamon;

/** Our settings as Kamon wants them. */
final class KamonConfig {

    private KamonConfig() {}

    /** @param node the instance that everything is told of */
    static Config of(TelemetrySettings settings, String node) {
        String interval = settings.interval().toMillis() + "ms";
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("kamon.init.hide-banner", true);
        // No agent rewrites our classes: spans are made where the work is.
        values.put("kamon.init.attach-instrumentation", false);
        values.put("kamon.environment.service", "murmuration");
        values.put("kamon.environment.host", node);
        values.put("kamon.environment.instance", node);
        values.put("kamon.metric.tick-interval", interval);
        values.put("kamon.metric.optimistic-tick-alignment", false);
        values.put("kamon.trace.tick-interval", interval);
        values.put("kamon.trace.reporter-queue-size", settings.queue());
        // Ids of 16 bytes, as OpenTelemetry has them.
        values.put("kamon.trace.identifier-scheme", "double");
        // What is to be followed has been decided when a span is begun.
        values.put("kamon.trace.sampler", "always");
        // The page is ours, so that a port in use is told like any other; nobody is pushed to.
        values.put("kamon.prometheus.start-embedded-http-server", false);
        values.put("kamon.modules.prometheus-reporter.enabled", false);
        values.put("kamon.modules.pushgateway-reporter.enabled", false);
        values.put("kamon.modules.otel-trace-reporter.enabled", settings.otlp().isPresent());
        settings.otlp().ifPresent(otlp -> {
            values.put("kamon.otel.endpoint", otlp.endpoint().toString());
            values.put("kamon.otel.trace.endpoint", otlp.endpoint().toString());
            String protocol = otlp.protocol() == Protocol.GRPC ? "grpc" : "http/protobuf";
            values.put("kamon.otel.protocol", protocol);
            values.put("kamon.otel.trace.protocol", protocol);
        });
        return ConfigFactory.parseMap(values, "the settings of telemetry")
                .withFallback(ConfigFactory.defaultReference(Kamon.class.getClassLoader()))
                .resolve();
    }
}
