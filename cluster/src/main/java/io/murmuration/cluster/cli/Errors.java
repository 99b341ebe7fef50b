package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.RunFailed;
import io.murmuration.tensors.compute.BackendUnavailableException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** Says what went wrong in one line on standard error, and with which exit code. */
final class Errors implements CommandLine.IParameterExceptionHandler, CommandLine.IExecutionExceptionHandler {

    /** Set to show stack traces of faults in the program. */
    static final String DEBUG = "MURMURATION_DEBUG";

    private final PrintStream err;
    private final boolean debug;

    Errors(PrintStream err, Map<String, String> environment) {
        this.err = err;
        this.debug = environment.containsKey(DEBUG);
    }

    @Override
    public int handleParseException(ParameterException e, String[] args) {
        List<String> similar =
                e instanceof CommandLine.UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.of();
        String hint = similar.isEmpty() ? "" : "; did you mean " + similar.getFirst() + "?";
        line(e.getMessage() + hint + " (see bin/"
                + e.getCommandLine().getCommandSpec().qualifiedName() + " --help)");
        return ExitCode.USAGE;
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine commandLine, CommandLine.ParseResult parseResult) {
        return report(e);
    }

    int report(Throwable fault) {
        if (debug) {
            fault.printStackTrace(err);
        }
        switch (fault) {
            case UserError wrong -> {
                line(wrong.getMessage());
                return ExitCode.USAGE;
            }
            case BackendUnavailableException wrong -> {
                line(wrong.getMessage() + " (compute.backend=java trains without it, slowly)");
                return ExitCode.USAGE;
            }
            case RunFailed failed -> line("the run failed: " + failed.getMessage());
            case LinkageError missing ->
                line("a library cannot be loaded: " + missing + " (bin/murmuration doctor says what works here)");
            default -> line("fault in the program: " + fault + " (" + DEBUG + "=1 shows where)");
        }
        return ExitCode.FAILED;
    }

    private void line(String text) {
        err.println("murmuration: " + text.strip().replaceAll("\\s*\\R\\s*", " "));
        err.flush();
    }
}
