package io.murmuration.faults.byhand;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.cli.SubcommandProvider;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.cli.Times;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.faults.scenario.Rates;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code murmuration inject}: something befalls a node of a cluster on this machine, or its links. */
@Command(
        name = "inject",
        description = "Does something to a node of a running bin/murmuration local --faults, or to its links.",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        footer = {
            "",
            "kill: SIGKILL, started again after --for. pause: SIGSTOP. leave: as bin/murmuration leave, for good.",
            "partition: what its links carry is held up and arrives late. one-way: only what it sends.",
            "black-hole: it is swallowed. reject: connections are refused. reset: they are reset as they come.",
            "link: its links have another latency, jitter or rate. heal: everything is over, who was killed starts.",
            "Exit codes: 0 it is so now, 2 wrong input."
        })
public final class InjectCommand implements Callable<Integer> {

    /** More than the cluster takes to say that it is stopping. */
    private static final int ANSWER_MILLIS = (int) Duration.ofSeconds(15).toMillis();

    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Named in {@code META-INF/services}. */
    public static final class Provider implements SubcommandProvider {
        @Override
        public CommandLine subcommand(Terminal terminal) {
            return new CommandLine(new InjectCommand(Surroundings.ofProcess(terminal, System.getenv())));
        }
    }

    private final Surroundings surroundings;

    @Option(names = "--node", paramLabel = "NAME", description = "Whom it befalls, as in node-4.")
    private Optional<String> node = Optional.empty();

    @Option(
            names = "--fault",
            required = true,
            paramLabel = "FAULT",
            description =
                    "kill, pause, leave, partition, black-hole, reject, reset, one-way, link or heal, as in scenarios.")
    private String fault = "";

    @Option(
            names = "--for",
            paramLabel = "TIME",
            description = "How long it lasts, as in 20s (default: until --fault heal).")
    private Optional<String> lasts = Optional.empty();

    @Option(
            names = "--peer",
            paramLabel = "NAME",
            description = "Only its links with this node; may be repeated (default: all others).")
    private List<String> peers = new ArrayList<>();

    @Option(names = "--latency", paramLabel = "TIME", description = "With link: one way, as in 150ms.")
    private Optional<String> latency = Optional.empty();

    @Option(
            names = "--jitter",
            paramLabel = "TIME",
            description = "With link: the latency is up to so much more or less.")
    private Optional<String> jitter = Optional.empty();

    @Option(names = "--rate", paramLabel = "RATE", description = "With link: as in 20Mbps.")
    private Optional<String> rate = Optional.empty();

    @Option(
            names = "--cluster",
            paramLabel = "DIR",
            description = "Folder of the cluster (default: the newest that runs, of those in the folder of runs).")
    private Optional<Path> cluster = Optional.empty();

    /** In tests with surroundings of their own. */
    InjectCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Injection injection = new Injection(
                Injection.fault(fault),
                node,
                peers,
                lasts.map(text -> Times.positive("--for", text)),
                new LinkWish(
                        latency.map(text -> Times.positive("--latency", text)),
                        jitter.map(text -> Times.positive("--jitter", text)),
                        rate.map(InjectCommand::rate)));
        String done;
        if (cluster.isPresent()) {
            done = ask(cluster.get(), injection)
                    .orElseThrow(() -> new UserError("no cluster runs in " + cluster.get() + " any more"));
        } else {
            Path out = surroundings.settings(Optional.empty()).load().settings().out();
            done = Door.below(out).stream()
                    .flatMap(folder -> ask(folder, injection).stream())
                    .findFirst()
                    .orElseThrow(() -> new UserError("no cluster with faults runs in " + out
                            + ": start one with bin/murmuration local --nodes 6 --faults, or name its folder with"
                            + " --cluster"));
        }
        surroundings.terminal().out().println(done);
        surroundings.terminal().out().flush();
        return 0;
    }

    private static long rate(String text) {
        OptionalLong rate = Rates.parse(text);
        return rate.orElseThrow(() -> new UserError("--rate " + text + ": expected a rate such as 20Mbps"));
    }

    /**
     * What the cluster in that folder says has been done; empty if nobody is there any more.
     *
     * @throws UserError if it does not do it
     */
    private static Optional<String> ask(Path folder, Injection injection) {
        Door door = Door.read(folder);
        Socket socket;
        try {
            socket = new Socket(InetAddress.getLoopbackAddress(), door.port());
        } catch (IOException e) {
            return Optional.empty(); // it left its file behind when it was killed
        }
        try (socket) {
            socket.setSoTimeout(ANSWER_MILLIS);
            ObjectNode request = injection.json().put("token", door.token());
            socket.getOutputStream().write((request + "\n").getBytes(StandardCharsets.UTF_8));
            String line = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))
                    .readLine();
            JsonNode reply = MAPPER.readTree(Optional.ofNullable(line).orElse(""));
            if (reply.path("done").isTextual()) {
                return Optional.of(reply.path("done").asText());
            }
            throw new UserError(reply.path("error").asText("the cluster in " + folder + " gave no answer"));
        } catch (IOException e) {
            throw new UserError("the cluster in " + folder + " did not answer: " + e.getMessage(), e);
        }
    }
}
