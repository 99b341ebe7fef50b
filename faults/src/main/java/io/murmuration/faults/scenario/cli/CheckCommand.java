package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code scenario check FILE}. */
@Command(
        name = "check",
        description =
                "Reads a scenario and prints what will happen, without running it; exit code 2 if something is wrong.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CheckCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Parameters(paramLabel = "FILE", description = "The scenario.")
    private Path file = Path.of(".");

    @Option(names = "--seed", paramLabel = "N", description = "Seed in place of the file's.")
    private Optional<Long> seed = Optional.empty();

    CheckCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Plan.print(
                surroundings.terminal().out(),
                ScenarioCommand.reader(surroundings).read(file, seed));
        return 0;
    }
}
