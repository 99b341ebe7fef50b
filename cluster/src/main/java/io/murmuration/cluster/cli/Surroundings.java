package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.report.Terminal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;

/**
 * What a command finds around it.
 *
 * @param home where Murmuration is installed, if the launcher said so
 */
public record Surroundings(
        Terminal terminal, Map<String, String> environment, Optional<Path> home, InstantSource clock) {

    /** System property: the folder of {@code bin}, {@code config} and the rest. */
    private static final String HOME = "murmuration.home";

    /** Those of this process, as the launcher set them. */
    public static Surroundings ofProcess(Terminal terminal, Map<String, String> environment) {
        return new Surroundings(
                terminal,
                environment,
                Optional.ofNullable(System.getProperty(HOME)).map(Path::of),
                InstantSource.system());
    }

    /** The settings everything starts from: those of {@code file}, else of the operator's file where there is one. */
    public SettingsLoader settings(Optional<Path> file) {
        SettingsLoader defaults = SettingsLoader.of(environment);
        return file.or(this::operatorsFile).map(defaults::file).orElse(defaults);
    }

    private Optional<Path> operatorsFile() {
        return home.map(root -> root.resolve("config").resolve("application.conf"))
                .filter(Files::isRegularFile);
    }
}
