package io.murmuration.cluster.cli;

import java.io.PrintWriter;
import java.util.Optional;
import java.util.ServiceLoader;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The command {@code murmuration} with all its subcommands, those of other modules included. */
@Command(
        name = "murmuration",
        description = "Trains one neural network on many machines that nobody fully controls.",
        mixinStandardHelpOptions = true,
        versionProvider = Murmuration.Version.class,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Start with: bin/murmuration train",
            "Settings are explained in docs/operating.md; exit codes: 0 done, 1 failed, 2 wrong input, 130 stopped."
        })
public final class Murmuration {

    /** What {@code --version} prints. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            // From the jar's manifest; classes that were not packaged have none.
            String version = Optional.ofNullable(Murmuration.class.getPackage().getImplementationVersion())
                    .orElse("unpackaged");
            return new String[] {
                "murmuration " + version + " (Java " + Runtime.version() + ", " + System.getProperty("os.name") + " "
                        + System.getProperty("os.arch") + ")"
            };
        }
    }

    private final Parts parts;
    private final Surroundings surroundings;

    public Murmuration(Parts parts, Surroundings surroundings) {
        this.parts = parts;
        this.surroundings = surroundings;
    }

    /** Runs one command line and gives its exit code; never throws for what a user did. */
    public int execute(String... arguments) {
        Errors errors = new Errors(surroundings.terminal().err(), surroundings.environment());
        CommandLine line = commandLine();
        line.setParameterExceptionHandler(errors);
        line.setExecutionExceptionHandler(errors);
        try {
            return line.execute(arguments.length == 0 ? new String[] {"--help"} : arguments);
        } catch (LinkageError e) {
            return errors.report(e);
        }
    }

    private CommandLine commandLine() {
        CommandLine line = new CommandLine(this)
                .addSubcommand(new TrainCommand(parts, surroundings))
                .addSubcommand(new NodeCommand(surroundings))
                .addSubcommand(new LocalCommand(surroundings))
                .addSubcommand(new StatusCommand(surroundings))
                .addSubcommand(new OrderCommand.Pause(surroundings))
                .addSubcommand(new OrderCommand.Resume(surroundings))
                .addSubcommand(new OrderCommand.Checkpoint(surroundings))
                .addSubcommand(new OrderCommand.Leave(surroundings))
                .addSubcommand(new GenerateCommand(parts.models(), surroundings.terminal()))
                .addSubcommand(new ExportCommand(surroundings.terminal()))
                .addSubcommand(new KeysCommand(surroundings.terminal()))
                .addSubcommand(new DoctorCommand(parts.compute(), surroundings))
                .addSubcommand(new ClassArchiveCommand());
        for (SubcommandProvider provider : ServiceLoader.load(SubcommandProvider.class)) {
            CommandLine brought = provider.subcommand(surroundings.terminal());
            line.addSubcommand(brought.getCommandName(), brought);
        }
        line.setOut(new PrintWriter(surroundings.terminal().out(), true));
        line.setErr(new PrintWriter(surroundings.terminal().err(), true));
        return line;
    }
}
