package io.murmuration.faults.scenario.file;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigIncludeContext;
import com.typesafe.config.ConfigIncluder;
import com.typesafe.config.ConfigIncluderURL;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigParseOptions;
import io.murmuration.cluster.config.Origins;
import io.murmuration.cluster.config.UserError;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Finds what {@code include "NAME"} names, with or without {@code .conf}: beside the file that includes it, then in {@code
 * config/} of the installation, then on the class path. All that is in it may be wrapped in {@code murmuration { }}, as
 * settings of a run are. What is not found is an error, unlike in HOCON.
 */
final class Includes implements ConfigIncluder, ConfigIncluderURL {

    private static final String WRAPPER = "murmuration";
    /** Files that include each other would go on for ever. */
    private static final int DEEPEST = 16;

    private final Path from;
    private final Optional<Path> config;
    private final int depth;

    private Includes(Path from, Optional<Path> config, int depth) {
        this.from = from;
        this.config = config;
        this.depth = depth;
    }

    /**
     * Reads a file with its includes.
     *
     * @param config the installation's {@code config/}, if there is one
     * @throws UserError if it cannot be read or is not HOCON
     */
    static Config parse(Path file, Optional<Path> config) {
        return new Includes(file, config, 0).parseFrom();
    }

    private Config parseFrom() {
        if (!Files.isRegularFile(from) || !Files.isReadable(from)) {
            throw new UserError("cannot read the scenario file " + from);
        }
        try {
            return ConfigFactory.parseFile(
                    from.toFile(),
                    ConfigParseOptions.defaults().setAllowMissing(false).setIncluder(this));
        } catch (ConfigException e) {
            throw unreadable(e, from.toString());
        }
    }

    /** One line with file and line number. */
    static UserError unreadable(ConfigException e, String file) {
        String message = e.getMessage().replaceAll("\\s*\\R\\s*", " ");
        String place = e.origin() == null ? file : Origins.of(e.origin());
        String prefix = e.origin() == null ? "" : e.origin().description() + ": ";
        return new UserError(
                place + ": " + (message.startsWith(prefix) ? message.substring(prefix.length()) : message), e);
    }

    @Override
    public ConfigObject include(ConfigIncludeContext context, String what) {
        if (depth >= DEEPEST) {
            throw new UserError(placeOf(what) + ": more than " + DEEPEST + " includes within each other");
        }
        List<Path> places = Stream.concat(Stream.of(from.toAbsolutePath().getParent()), config.stream())
                .flatMap(folder -> Stream.of(folder.resolve(what), folder.resolve(what + ".conf")))
                .toList();
        Optional<Path> found = places.stream().filter(Files::isRegularFile).findFirst();
        if (found.isPresent()) {
            return unwrapped(
                    new Includes(found.get(), config, depth + 1).parseFrom().root());
        }
        ClassLoader loader = Includes.class.getClassLoader();
        return Stream.of(what, what + ".conf")
                .filter(name -> loader.getResource(name) != null)
                .findFirst()
                .map(name ->
                        unwrapped(ConfigFactory.parseResources(loader, name).root()))
                .orElseThrow(() -> new UserError(placeOf(what) + ": include \"" + what + "\": expected a file beside "
                        + from.getFileName() + ", in config/ of the installation or on the class path"));
    }

    @Override
    public ConfigObject includeURL(ConfigIncludeContext context, URL what) {
        throw new UserError(
                placeOf(what.toString()) + ": a scenario includes files only, so that it means the same tomorrow");
    }

    @Override
    public ConfigIncluder withFallback(ConfigIncluder fallback) {
        return this;
    }

    private static ConfigObject unwrapped(ConfigObject root) {
        return root.size() == 1 && root.get(WRAPPER) instanceof ConfigObject inner ? inner : root;
    }

    /** The library does not say in which line it is; the first one that includes that name is. */
    private String placeOf(String what) {
        try {
            List<String> lines = Files.readAllLines(from);
            for (int i = 0; i < lines.size(); i++) {
                if (lines.get(i).contains("include") && lines.get(i).contains("\"" + what + "\"")) {
                    return from + ":" + (i + 1);
                }
            }
            return from.toString();
        } catch (IOException e) {
            throw new UserError("cannot read the scenario file " + from + ": " + e, e);
        }
    }
}
