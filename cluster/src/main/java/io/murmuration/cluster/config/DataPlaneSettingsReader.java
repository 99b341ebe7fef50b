package io.murmuration.cluster.config;

import java.time.Duration;

/** Reads {@code murmuration.data-plane}. */
final class DataPlaneSettingsReader {

    private static final long MIB = 1 << 20;
    /** What one array holds. */
    private static final long LONGEST = Integer.MAX_VALUE - 8L;

    private static final Duration SHORTEST = Duration.ofMillis(1);
    private static final Duration LONG = Duration.ofHours(1);

    private DataPlaneSettingsReader() {}

    static DataPlaneSettings read(Section section) {
        DataPlaneSettings settings = new DataPlaneSettings(
                "127.0.0.1",
                0,
                section.bytes("largest-message", MIB, LONGEST),
                windows(section.section("window")),
                section.integer("queue-frames", 1, 1 << 20),
                section.bytes("queue", 1, Long.MAX_VALUE),
                section.bytes("bulk-rate", 0, Long.MAX_VALUE),
                times(section),
                new DataPlaneSettings.Backoff(
                        section.duration("backoff-first", SHORTEST, LONG),
                        section.duration("backoff-most", SHORTEST, LONG),
                        section.integer("reconnects", 0, 1000)),
                new DataPlaneSettings.Marks(
                        section.duration("mark-first", SHORTEST, LONG), section.duration("mark-most", SHORTEST, LONG)),
                section.integer("connections", 1, 1 << 20),
                section.integer("peers-remembered", 1, 1 << 20),
                (int) section.bytes("socket-buffer", 0, 1 << 30));
        if (settings.times().probe().multipliedBy(2).compareTo(settings.times().idle()) > 0) {
            throw section.unfit("idle-time-out", "at least twice data-plane.probe");
        }
        if (settings.backoff().first().compareTo(settings.backoff().most()) > 0) {
            throw section.unfit("backoff-most", "at least data-plane.backoff-first");
        }
        return settings;
    }

    private static DataPlaneSettings.Windows windows(Section section) {
        return new DataPlaneSettings.Windows(
                section.bytes("forward", 1, Long.MAX_VALUE),
                section.bytes("backward", 1, Long.MAX_VALUE),
                section.bytes("bulk", 1, Long.MAX_VALUE));
    }

    private static DataPlaneSettings.Times times(Section section) {
        return new DataPlaneSettings.Times(
                section.duration("connect-time-out", SHORTEST, LONG),
                section.duration("handshake-time-out", SHORTEST, LONG),
                section.duration("probe", SHORTEST, LONG),
                section.duration("idle-time-out", SHORTEST, LONG));
    }
}
