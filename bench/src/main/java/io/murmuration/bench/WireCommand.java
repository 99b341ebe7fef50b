package io.murmuration.bench;

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

    @Override
    public Integer call() {
        ActorSystem<Void> system = ActorSystem.create(Behaviors.empty(), "wire");
        try (WireRun run = new WireRun(
                system, SettingsLoader.of(surroundings.environment()).load().dataPlane(), mib)) {
            WireRun.Way plain = run.plane(Optional.empty(), Optional.empty());
            WireRun.Way tls = run.plane(Optional.of(keys("a")), Optional.of(keys("b")));
            List<WireRun.Way> ways = List.of(run.bare(), plain, tls);
            List<List<Double>> seconds = ways.stream()
                    .map(way -> (List<Double>) new ArrayList<Double>())
                    .toList();
            for (int round = -warmup; round < rounds; round++) {
                for (int i = 0; i < ways.size(); i++) {
                    double took = ways.get(i).seconds();
                    if (round >= 0) {
                        seconds.get(i).add(took);
                    }
                }
            }
            print(seconds);
        } finally {
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

    private void print(List<List<Double>> seconds) {
        List<String> names = List.of("bare Pekko Streams TCP", "data plane", "data plane, TLS 1.3");
        PrintWriter out = spec.commandLine().getOut();
        out.println("| | median GB/s | range | of the bare copy, median of pairs | range |");
        out.println("|---|---|---|---|---|");
        for (int i = 0; i < names.size(); i++) {
            List<Double> rates = new ArrayList<>();
            List<Double> ratios = new ArrayList<>();
            for (int round = 0; round < rounds; round++) {
                rates.add(mib * 1.048576e-3 / seconds.get(i).get(round));
                ratios.add(seconds.getFirst().get(round) / seconds.get(i).get(round));
            }
            rates.sort(null);
            ratios.sort(null);
            out.println(String.format(
                    Locale.ROOT,
                    "| %s | %.2f | %.2f to %.2f | %.2f | %.2f to %.2f |",
                    names.get(i),
                    rates.get(rounds / 2),
                    rates.getFirst(),
                    rates.getLast(),
                    ratios.get(rounds / 2),
                    ratios.getFirst(),
                    ratios.getLast()));
        }
        out.flush();
    }
}
