package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.faults.scenario.Scenario;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which scenario a command is for. */
final class ScenarioOptions {

    @Parameters(paramLabel = "FILE", description = "The scenario.")
    private Path file = Path.of(".");

    @Option(names = "--seed", paramLabel = "N", description = "Seed in place of the file's.")
    private Optional<Long> seed = Optional.empty();

    Scenario read(Surroundings surroundings) {
        return ScenarioCommand.reader(surroundings).read(file, seed);
    }

    /** Where what {@code command} makes of a scenario goes if nobody says where. */
    static Path folder(String command, Scenario scenario) {
        return Path.of("runs", command + "-" + slug(scenario.name()) + "-" + scenario.seed());
    }

    private static String slug(String name) {
        return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
    }
}
