package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.security.KeyMaker;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code murmuration keys}: an authority and a certificate for each node. */
@Command(
        name = "keys",
        description = {
            "Makes a certificate authority and a certificate for each node's name.",
            "",
            "A folder that has an authority keeps it: further names are signed by the same one. Each node needs ca.pem,"
                    + " its NAME.pem and its NAME.key.pem; ca.key.pem stays where it was made.",
            "",
            "A certificate is good for its node's name, and for the hosts by which others find that node"
                    + " (node.control.host, node.data.host), where they are not the name: eu-1=eu-1.example.org,192.0.2.7."
        },
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class KeysCommand implements Callable<Integer> {

    private static final int LONGEST = 36_500;

    private final Terminal terminal;

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write to.")
    private Path folder = Path.of("");

    @Option(
            names = "--no-loopback",
            description =
                    "Certificates that are not good for localhost and 127.0.0.1, for nodes on machines of their own.")
    private boolean noLoopback;

    @Option(
            names = "--days",
            paramLabel = "N",
            description = "Days that the certificates are valid (default: ${DEFAULT-VALUE}).")
    private int days = 3650;

    @Parameters(
            arity = "1..*",
            paramLabel = "NAME[=HOST,...]",
            description = "Names of nodes (node.name), each with the hosts and addresses by which others find it.")
    private List<String> names = List.of();

    KeysCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (days < 1 || days > LONGEST) {
            throw new UserError("--days " + days + ": expected 1 to " + LONGEST);
        }
        KeyMaker.make(folder, new KeyMaker.Wanted(names, !noLoopback, Duration.ofDays(days)), Instant.now())
                .forEach(terminal.out()::println);
        terminal.out().flush();
        return ExitCode.OK;
    }
}
