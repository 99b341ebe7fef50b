package io.murmuration.bench;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code bench}: measurements that people can repeat. */
@Command(
        name = "bench",
        description = "Measures the parts of Murmuration on this machine.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND")
public final class BenchCommand {

    /** The command with its subcommands. */
    public static CommandLine commandLine() {
        return new CommandLine(new BenchCommand()).addSubcommand(new ThroughputCommand());
    }

    /** For measuring without the rest of the command line: {@code java ... io.murmuration.bench.BenchCommand throughput}. */
    public static void main(String[] arguments) {
        System.exit(commandLine().execute(arguments.length == 0 ? new String[] {"--help"} : arguments));
    }
}
