package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A subcommand as another module brings it: says its word, and refuses "no". */
@Command(name = "brought", description = "Comes from elsewhere.")
final class BroughtCommand implements Callable<Integer> {

    /** Named in META-INF/services of the tests. */
    public static final class Provider implements SubcommandProvider {
        @Override
        public CommandLine subcommand(Terminal terminal) {
            return new CommandLine(new BroughtCommand(terminal));
        }
    }

    private final Terminal terminal;

    @Parameters
    private String word = "";

    private BroughtCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (word.equals("no")) {
            throw new UserError("expected another word than no");
        }
        terminal.out().println(word);
        return ExitCode.OK;
    }
}
