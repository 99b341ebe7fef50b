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

    /** The settings everything starts from: those of {@code file}, else of the operator's file where there is one. */
    SettingsLoader settings(Optional<Path> file) {
        SettingsLoader defaults = SettingsLoader.of(environment);
        return file.or(this::operatorsFile).map(defaults::file).orElse(defaults);
    }

    private Optional<Path> operatorsFile() {
        return home.map(root -> root.resolve("config").resolve("application.conf"))
                .filter(Files::isRegularFile);
    }
}
