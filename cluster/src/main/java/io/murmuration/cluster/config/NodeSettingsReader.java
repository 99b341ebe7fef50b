package io.murmuration.cluster.config;

import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.config.NodeSettings.Endpoint;
import io.murmuration.cluster.config.NodeSettings.Seed;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Builds the record of a node from its section. One line per key: its name, its type, its range. */
final class NodeSettingsReader {

    private static final int MAX_PORT = 65_535;
    /** Some hundred lines. */
    private static final long LEAST_EVENTS = 64 * 1024;

    private static final long MOST_EVENTS = 1L << 40;
    private static final int MOST_SEEDS = 64;
    private static final int MOST_REMOVALS = 1000;
    /** Their majority decides; more than some ten only make it slower. */
    private static final int MOST_COORDINATORS = 99;

    /** Shorter ones can be guessed. */
    private static final int LEAST_TOKEN = 16;

    private static final int MOST_TOKEN = 1024;
    private static final int LARGEST_REQUEST = 1 << 20;
    private static final int MOST_CONNECTIONS = 10_000;

    private static final String ROLES = "coordinator, trainer, shard, verifier";
    private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._-]*|[0-9A-Fa-f:]+");
    private static final Pattern BIND = Pattern.compile("[A-Za-z0-9._-]+|[0-9A-Fa-f:]+");
    private static final Pattern SEED = Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:]+]):(\\d{1,5})");

    private NodeSettingsReader() {}

    static NodeSettings read(Section section) {
        String name = section.text(
                "name",
                NodeName.PATTERN,
                NodeName.EXPECTED + ", unique in the cluster (MURMURATION_NODE_NAME or --set node.name=NAME)");
        return new NodeSettings(
                name,
                roles(section),
                shards(section),
                path(section, "work").orElse(Path.of("nodes").resolve(name)),
                endpoint(section.section("control"), name),
                endpoint(section.section("data"), name),
                seeds(section),
                section.integer("coordinators", 1, MOST_COORDINATORS),
                time(section, "join-wait"),
                time(section, "join-retry"),
                time(section, "announce-retry"),
                section.flag("rejoin"),
                time(section, "rejoin-pause"),
                time(section, "farewell"),
                time(section, "status-every"),
                section.bytes("events-size", LEAST_EVENTS, MOST_EVENTS),
                section.bytes("log-size", LEAST_EVENTS, MOST_EVENTS),
                detection(section.section("detection")),
                tls(section.section("tls")),
                http(section.section("http")));
    }

    /** Shards on the node; empty: as many as memory and cores allow. */
    static OptionalInt shards(Section section) {
        return section.integerOr("auto", "shards", 1, NodeSettings.MOST_SHARDS);
    }

    private static List<Role> roles(Section section) {
        List<Role> roles = new ArrayList<>();
        for (String word : section.texts("roles")) {
            roles.add(
                    switch (word) {
                        case "coordinator" -> Role.COORDINATOR;
                        case "trainer" -> Role.TRAINER;
                        case "shard" -> Role.SHARD;
                        case "verifier" -> Role.VERIFIER;
                        default -> throw section.unfit("roles", "some of " + ROLES + ", got \"" + word + "\"");
                    });
        }
        if (roles.isEmpty()) {
            throw section.unfit("roles", "at least one of " + ROLES);
        }
        return roles;
    }

    private static Endpoint endpoint(Section section, String name) {
        String expected = "a host name or an address, without a port";
        String host = section.text("host", HOST, expected);
        String bindHost = section.text("bind-host", HOST, expected);
        int port = section.integer("port", 0, MAX_PORT);
        int bindPort = section.integer("bind-port", 0, MAX_PORT);
        String advertised = host.isEmpty() ? name : host;
        return new Endpoint(
                advertised, port, bindHost.isEmpty() ? advertised : bindHost, bindPort == 0 ? port : bindPort);
    }

    private static List<Seed> seeds(Section section) {
        List<Seed> seeds = new ArrayList<>();
        for (String text : section.texts("seeds")) {
            Matcher seed = SEED.matcher(text);
            if (!seed.matches() || Integer.parseInt(seed.group(2)) > MAX_PORT) {
                throw section.unfit("seeds", "HOST:PORT of control planes, got \"" + text + "\"");
            }
            seeds.add(new Seed(seed.group(1), Integer.parseInt(seed.group(2))));
        }
        if (seeds.size() > MOST_SEEDS) {
            throw section.unfit("seeds", "at most " + MOST_SEEDS + " nodes, got " + seeds.size());
        }
        return seeds;
    }

    private static NodeSettings.Detection detection(Section section) {
        return new NodeSettings.Detection(
                time(section, "heartbeat-pause"),
                time(section, "stable-after"),
                time(section, "removal-margin"),
                time(section, "refusal-window"),
                section.integer("refusal-removals", 0, MOST_REMOVALS));
    }

    static Optional<NodeSettings.Tls> tls(Section section) {
        Optional<Path> authority = path(section, "authority");
        Optional<Path> certificate = path(section, "certificate");
        Optional<Path> key = path(section, "key");
        if (authority.isEmpty() && certificate.isEmpty() && key.isEmpty()) {
            return Optional.empty();
        }
        for (String name : List.of("authority", "certificate", "key")) {
            if (path(section, name).isEmpty()) {
                throw section.unfit(name, "a PEM file, as for the other two of node.tls (all empty: no TLS)");
            }
        }
        return Optional.of(new NodeSettings.Tls(authority.get(), certificate.get(), key.get()));
    }

    static HttpSettings http(Section section) {
        return new HttpSettings(
                section.flag("enabled"),
                section.text("host", BIND, "a host name or an address, without a port"),
                section.integer("port", 0, MAX_PORT),
                section.secret("token", LEAST_TOKEN, MOST_TOKEN).map(HttpSettings.Token::new),
                section.bytes("largest-request", 0, LARGEST_REQUEST),
                time(section, "order-time-out"),
                time(section, "idle-time-out"),
                section.integer("connections", 1, MOST_CONNECTIONS));
    }

    private static Duration time(Section section, String key) {
        return section.duration(key, Duration.ofMillis(1), Duration.ofHours(24));
    }

    private static Optional<Path> path(Section section, String key) {
        String text = section.text(key);
        try {
            return text.isBlank() ? Optional.empty() : Optional.of(Path.of(text));
        } catch (InvalidPathException e) {
            throw section.unfit(key, String.format(Locale.ROOT, "a path, got \"%s\"", text));
        }
    }
}
