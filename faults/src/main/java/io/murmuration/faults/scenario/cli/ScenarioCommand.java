package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.SubcommandProvider;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.faults.explore.Exploration;
import io.murmuration.faults.run.Comparison;
import io.murmuration.faults.run.SimulatedScenarios;
import io.murmuration.faults.run.SocketScenarios;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code scenario}: what happens to a run when the world is unkind. */
@Command(
        name = "scenario",
        description = "Reads and judges scenarios: a run, what happens to it, and what must hold.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class ScenarioCommand {

    /** Named in {@code META-INF/services}. */
    public static final class Provider implements SubcommandProvider {
        @Override
        public CommandLine subcommand(Terminal terminal) {
            SimulatedScenarios simulated = new SimulatedScenarios();
            return commandLine(
                    Surroundings.ofProcess(terminal, System.getenv()),
                    Optional.of(simulated),
                    Optional.of(new SocketScenarios()),
                    Optional.of(SocketScenarios.encrypted()),
                    Optional.of(new Comparison()),
                    Optional.of(new Exploration(simulated)));
        }
    }

    /**
     * The command with its subcommands.
     *
     * @param runner what {@code run} needs; without it there is no such subcommand
     * @param explorer what {@code explore} needs; without it there is no such subcommand
     */
    public static CommandLine commandLine(
            Surroundings surroundings, Optional<ScenarioRunner> runner, Optional<Explorer> explorer) {
        return commandLine(surroundings, runner, Optional.empty(), Optional.empty(), Optional.empty(), explorer);
    }

    /**
     * As above.
     *
     * @param sockets what {@code run --mode sockets} needs; without it that mode is refused
     * @param encrypted the same with {@code --tls}
     * @param comparer what {@code compare} needs; without it there is no such subcommand
     */
    static CommandLine commandLine(
            Surroundings surroundings,
            Optional<ScenarioRunner> runner,
            Optional<ScenarioRunner> sockets,
            Optional<ScenarioRunner> encrypted,
            Optional<Comparer> comparer,
            Optional<Explorer> explorer) {
        CommandLine line = new CommandLine(new ScenarioCommand());
        runner.ifPresent(given -> line.addSubcommand(new RunCommand(given, sockets, encrypted, surroundings)));
        comparer.ifPresent(given -> line.addSubcommand(new CompareCommand(given, surroundings)));
        line.addSubcommand(new CheckCommand(surroundings));
        line.addSubcommand(new ListCommand(surroundings));
        explorer.ifPresent(given -> line.addSubcommand(new ExploreCommand(given, surroundings)));
        return line;
    }

    /** Includes are looked for in the installation's {@code config/} too. */
    static ScenarioReader reader(Surroundings surroundings) {
        return new ScenarioReader(surroundings.home().map(home -> home.resolve("config")));
    }
}
