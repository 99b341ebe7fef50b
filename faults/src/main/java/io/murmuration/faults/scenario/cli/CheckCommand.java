package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code scenario check FILE}. */
@Command(
        name = "check",
        description =
                "Reads a scenario and prints what will happen, without running it; exit code 2 if something is wrong.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CheckCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Mixin
    private ScenarioOptions options = new ScenarioOptions();

    CheckCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Plan.print(surroundings.terminal().out(), options.read(surroundings));
        return 0;
    }
}
