package io.murmuration.bench;

import io.murmuration.cluster.cli.SubcommandProvider;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.report.Terminal;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code bench}: measurements that people can repeat. */
@Command(
        name = "bench",
        description = "Measures the parts of Murmuration on this machine.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class BenchCommand {

    /** Named in {@code META-INF/services}. */
    public static final class Provider implements SubcommandProvider {
        @Override
        public CommandLine subcommand(Terminal terminal) {
            return commandLine(Surroundings.ofProcess(terminal, System.getenv()));
        }
    }

    /** The command with its subcommands. */
    static CommandLine commandLine(Surroundings surroundings) {
        return new CommandLine(new BenchCommand())
                .addSubcommand(new ThroughputCommand())
                .addSubcommand(new ProfileCommand())
                .addSubcommand(new MicroCommand())
                .addSubcommand(new WireCommand(surroundings))
                .addSubcommand(new LinkCommand(surroundings))
                .addSubcommand(new ExportCommand(surroundings));
    }
}
