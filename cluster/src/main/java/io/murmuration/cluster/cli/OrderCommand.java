package io.murmuration.cluster.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.murmuration.cluster.http.ApiClient;
import io.murmuration.cluster.report.Terminal;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The commands that order something, over the API of any node. */
abstract sealed class OrderCommand implements Callable<Integer> {

    /** More than a node waits itself, so that the user reads its words. */
    static final Duration WAIT = Duration.ofSeconds(90);

    private static final int NOT_FOUND = 404;

    private final Surroundings surroundings;

    @Mixin
    private ApiOptions api = new ApiOptions();

    @Option(names = "--json", description = "The answer as the node says it: one line of JSON.")
    private boolean json;

    private final String what;

    /** @param what is ordered, as the API calls it */
    private OrderCommand(Surroundings surroundings, String what) {
        this.surroundings = surroundings;
        this.what = what;
    }

    ApiClient.Reply order(ApiClient client) {
        return client.order(what, WAIT);
    }

    @Override
    public Integer call() {
        ApiClient.Reply reply = api.ask(surroundings, Optional.empty(), this::order);
        Terminal terminal = surroundings.terminal();
        JsonNode said = reply.json();
        if (json) {
            terminal.out().println(said);
        } else if (reply.ok()) {
            terminal.out().println(reply.text());
        } else {
            terminal.err().println("murmuration: " + reply.text());
        }
        terminal.out().flush();
        terminal.err().flush();
        if (reply.ok()) {
            return ExitCode.OK;
        }
        return reply.status() == NOT_FOUND ? ExitCode.USAGE : ExitCode.FAILED;
    }

    /** {@code murmuration pause}. */
    @Command(
            name = "pause",
            description = {
                "Lets the run stand still from its next step boundary on.",
                "",
                "Nodes may come and go meanwhile, a checkpoint may be made, and whoever leads next keeps it paused."
            },
            mixinStandardHelpOptions = true,
            sortOptions = false)
    static final class Pause extends OrderCommand {
        Pause(Surroundings surroundings) {
            super(surroundings, "pause");
        }
    }

    /** {@code murmuration resume}. */
    @Command(
            name = "resume",
            description = "Lets a paused run go on.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    static final class Resume extends OrderCommand {
        Resume(Surroundings surroundings) {
            super(surroundings, "resume");
        }
    }

    /** {@code murmuration checkpoint}. */
    @Command(
            name = "checkpoint",
            description = "Has a checkpoint made at the next step boundary, and waits until it is kept.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    static final class Checkpoint extends OrderCommand {
        Checkpoint(Surroundings surroundings) {
            super(surroundings, "checkpoint");
        }
    }

    /** {@code murmuration leave}. */
    @Command(
            name = "leave",
            description = "Asks a node to hand over what it holds and to leave; any node of the cluster passes it on.",
            mixinStandardHelpOptions = true,
            sortOptions = false)
    static final class Leave extends OrderCommand {
        @Parameters(
                arity = "0..1",
                paramLabel = "NODE",
                description = "Name of the node that is to leave (default: the one that is asked).")
        private Optional<String> node = Optional.empty();

        Leave(Surroundings surroundings) {
            super(surroundings, "leave");
        }

        @Override
        ApiClient.Reply order(ApiClient client) {
            return client.leave(node, WAIT);
        }
    }
}
