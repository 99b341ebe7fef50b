package io.murmuration.bench;

import com.typesafe.config.ConfigFactory;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.security.KeyMaker;
import io.murmuration.cluster.security.TlsSettings;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.actor.typed.javadsl.Behaviors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench wire}: the data plane over loopback, beside a bare copy of the same bytes. */
@Command(
        name = "wire",
        description = "Sends bytes over loopback, bare and by the data plane in turn, and prints a table.",
        mixinStandardHelpOptions = true)
final class WireCommand implements Callable<Integer> {

    /** Its row. */
    private static final int PLANE = 2;

    @Spec
    private CommandSpec spec;

    @Option(names = "--rounds", defaultValue = "7", description = "Times each is measured (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--warmup",
            defaultValue = "3",
            description = "Times each runs before that, for the JIT (default ${DEFAULT-VALUE}).")
    private int warmup;

    @Option(names = "--mib", defaultValue = "1024", description = "MiB sent each time (default ${DEFAULT-VALUE}).")
    private int mib;

    private final Surroundings surroundings;

    WireCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    /** A row of the table, with the seconds of its rounds. */
    private record Row(String name, WireRun.Way way, List<Double> seconds) {
        private Row(String name, WireRun.Way way) {
            this(name, way, new ArrayList<>());
        }
    }

    @Override
    public Integer call() {
        ActorSystem<Void> system = ActorSystem.create(
                Behaviors.empty(),
                "wire",
                // As in a node: as few threads, for both sides.
                ConfigFactory.parseResources("murmuration-pekko.conf").withFallback(ConfigFactory.load()));
        Optional<Iperf> iperf = Iperf.start(mib);
        try (WireRun run = new WireRun(
                system, SettingsLoader.of(surroundings.environment()).load().dataPlane(), mib)) {
            List<Row> rows = new ArrayList<>();
            rows.add(new Row("bare Pekko Streams TCP", run.bare()));
            rows.add(new Row("the same in its sockets' threads", run.bareBesideSockets()));
            rows.add(new Row("data plane", run.plane(Optional.empty(), Optional.empty())));
            rows.add(new Row("data plane, TLS 1.3", run.plane(Optional.of(keys("a")), Optional.of(keys("b")))));
            iperf.ifPresent(program -> rows.add(new Row("iperf3, one stream", program)));
            for (int round = -warmup; round < rounds; round++) {
                for (Row row : rows) {
                    double took = row.way().seconds();
                    if (round >= 0) {
                        row.seconds().add(took);
                    }
                }
            }
            print(rows);
            spec.commandLine().getOut().println();
            spec.commandLine()
                    .getOut()
                    .println(
                            iperf.isPresent()
                                    ? String.format(
                                            Locale.ROOT,
                                            "The data plane carries %.2f of what iperf3 does (median of pairs).",
                                            ratios(rows.getLast(), rows.get(PLANE))
                                                    .get(rounds / 2))
                                    : "iperf3 is not installed, so there is no row of it.");
            spec.commandLine().getOut().flush();
        } finally {
            iperf.ifPresent(Iperf::close);
            system.terminate();
        }
        return 0;
    }

    private final Map<String, TlsSettings> made = new java.util.TreeMap<>();

    private TlsSettings keys(String node) {
        if (made.isEmpty()) {
            try {
                Path folder = Files.createTempDirectory("murmuration-wire-");
                KeyMaker.make(folder, new KeyMaker.Wanted(List.of("a", "b"), true, Duration.ofDays(1)), Instant.now())
                        .forEach(file -> file.toFile().deleteOnExit());
                folder.toFile().deleteOnExit();
                for (String name : List.of("a", "b")) {
                    made.put(
                            name,
                            new TlsSettings(
                                    folder.resolve("ca.pem"),
                                    folder.resolve(name + ".pem"),
                                    folder.resolve(name + ".key.pem")));
                }
            } catch (IOException e) {
                throw new UncheckedIOException("no folder for keys", e);
            }
        }
        return made.get(node);
    }

    private void print(List<Row> rows) {
        PrintWriter out = spec.commandLine().getOut();
        out.println("| | median GB/s | range | of the bare copy, median of pairs | range |");
        out.println("|---|---|---|---|---|");
        for (Row row : rows) {
            List<Double> rates = row.seconds().stream()
                    .map(took -> mib * 1.048576e-3 / took)
                    .sorted()
                    .toList();
            List<Double> ratios = ratios(rows.getFirst(), row);
            out.println(String.format(
                    Locale.ROOT,
                    "| %s | %.2f | %.2f to %.2f | %.2f | %.2f to %.2f |",
                    row.name(),
                    rates.get(rounds / 2),
                    rates.getFirst(),
                    rates.getLast(),
                    ratios.get(rounds / 2),
                    ratios.getFirst(),
                    ratios.getLast()));
        }
    }

    /** How much faster {@code row} was than {@code other} in each round, ascending. */
    private List<Double> ratios(Row other, Row row) {
        return IntStream.range(0, rounds)
                .mapToObj(round -> other.seconds().get(round) / row.seconds().get(round))
                .sorted()
                .toList();
    }
}
