package io.murmuration.cluster.config;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.Optional;

/** Reads {@code murmuration.telemetry}. */
final class TelemetrySettingsReader {

    private static final int MAX_PORT = 65_535;

    private TelemetrySettingsReader() {}

    static TelemetrySettings read(Section section) {
        return new TelemetrySettings(
                prometheus(section.section("prometheus")),
                otlp(section.section("otlp")),
                endpoint(section.section("zipkin")),
                section.integer("sample", 0, Integer.MAX_VALUE),
                section.duration("interval", Duration.ofMillis(100), Duration.ofHours(1)),
                section.integer("queue", 1, 1 << 20));
    }

    private static Optional<TelemetrySettings.Prometheus> prometheus(Section section) {
        var page = new TelemetrySettings.Prometheus(section.text("host"), section.integer("port", 0, MAX_PORT));
        return section.flag("enabled") ? Optional.of(page) : Optional.empty();
    }

    private static Optional<TelemetrySettings.Otlp> otlp(Section section) {
        TelemetrySettings.Protocol protocol = section.choice("protocol", TelemetrySettings.Protocol.class);
        return endpoint(section).map(address -> new TelemetrySettings.Otlp(address, protocol));
    }

    private static Optional<URI> endpoint(Section section) {
        String text = section.text("endpoint").strip();
        if (text.isEmpty()) {
            return Optional.empty();
        }
        String expected = "an address such as http://HOST:PORT, without a path";
        try {
            URI address = new URI(text);
            boolean web = "http".equals(address.getScheme()) || "https".equals(address.getScheme());
            boolean bare = address.getPath() == null
                    || address.getPath().isEmpty()
                    || address.getPath().equals("/");
            if (!web || address.getHost() == null || !bare || address.getQuery() != null) {
                throw section.unfit("endpoint", expected);
            }
            return Optional.of(new URI(address.getScheme(), address.getAuthority(), null, null, null));
        } catch (URISyntaxException e) {
            throw section.unfit("endpoint", expected);
        }
    }
}
