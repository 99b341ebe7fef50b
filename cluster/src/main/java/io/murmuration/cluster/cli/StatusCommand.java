package io.murmuration.cluster.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.http.ApiClient;
import io.murmuration.cluster.report.StatusText;
import io.murmuration.cluster.report.Terminal;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code murmuration status}: what a node knows of the cluster and the run. */
@Command(
        name = "status",
        description = "Shows what a node knows of the cluster and the run.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class StatusCommand implements Callable<Integer> {

    private static final Duration WAIT = Duration.ofSeconds(10);

    private final Surroundings surroundings;

    @Parameters(
            arity = "0..1",
            paramLabel = "NODE",
            description = "With --cluster: the node that is asked (default: the first that answers).")
    private Optional<String> node = Optional.empty();

    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "As the node says it: one line of JSON.")
    private boolean json;

    StatusCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        ApiClient.Reply reply = api.ask(surroundings, node, client -> client.status(WAIT));
        Terminal terminal = surroundings.terminal();
        if (!reply.ok()) {
            terminal.err().println("murmuration: " + reply.text());
            return ExitCode.FAILED;
        }
        JsonNode status = reply.json();
        if (json) {
            terminal.out().println(status);
        } else {
            StatusText.lines(status).forEach(terminal.out()::println);
        }
        terminal.out().flush();
        return ExitCode.OK;
    }
}
