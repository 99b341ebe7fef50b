package io.murmuration.bench;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.DataPlaneSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.simulation.world.Rate;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench link}: both planes over one slow, long link. */
@Command(
        name = "link",
        description = "Sends bytes over a slow and long link while control messages share it, and prints a table.",
        mixinStandardHelpOptions = true)
final class LinkCommand implements Callable<Integer> {

    private static final int FRAME = 1_000_000;

    @Spec
    private CommandSpec spec;

    @Option(names = "--rounds", defaultValue = "7", description = "Transfers measured (default ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(
            names = "--megabytes",
            defaultValue = "64",
            description = "Million bytes of a transfer (default ${DEFAULT-VALUE}).")
    private int megabytes;

    @Option(names = "--megabits", defaultValue = "200", description = "Rate in Mbit/s (default ${DEFAULT-VALUE}).")
    private double megabits;

    @Option(names = "--way", defaultValue = "50", description = "Milliseconds each way (default ${DEFAULT-VALUE}).")
    private int way;

    private final Surroundings surroundings;

    LinkCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (rounds < 1 || megabytes < 1 || !(megabits > 0) || way < 0) {
            throw new UserError("expected at least one round, one million bytes, a rate above 0 and no negative way");
        }
        DataPlaneSettings settings =
                SettingsLoader.of(surroundings.environment()).load().dataPlane();
        LinkRun.Link link = new LinkRun.Link(Rate.megabits(megabits), Duration.ofMillis(way));
        try (LinkRun run = new LinkRun(link, settings, Collections.nCopies(megabytes, FRAME))) {
            run.transfer(); // makes the connections, and warms the JIT
            List<Double> shares = new ArrayList<>();
            List<Double> idle = new ArrayList<>();
            List<Double> meanwhile = new ArrayList<>();
            double least = megabytes * 8.0 / megabits;
            for (int round = 0; round < rounds; round++) {
                LinkRun.Transfer transfer = run.transfer();
                shares.add(least / transfer.seconds());
                meanwhile.addAll(transfer.roundTrips());
                for (int i = 0; i < transfer.roundTrips().size(); i++) {
                    idle.add(run.roundTrip());
                }
            }
            print(shares, idle, meanwhile);
        }
        return 0;
    }

    private void print(List<Double> shares, List<Double> idle, List<Double> meanwhile) {
        double quiet = median(idle);
        PrintWriter out = spec.commandLine().getOut();
        out.println("| | median | range | of | median |");
        out.println("|---|---|---|---|---|");
        out.println(row(
                String.format(Locale.ROOT, "%d MB, Mbit/s", megabytes), shares, megabits, "the link", 1 / megabits));
        out.println(row("control round trip, idle, ms", idle, 1e3, "itself", 1e-3 / quiet));
        out.println(row("control round trip meanwhile, ms", meanwhile, 1e3, "idle", 1e-3 / quiet));
        out.println();
        out.println(String.format(
                Locale.ROOT,
                "%d transfers, %d round trips meanwhile; the longest took %.2f of the idle median.",
                shares.size(),
                meanwhile.size(),
                Collections.max(meanwhile) / quiet));
        out.flush();
    }

    private static String row(String what, List<Double> values, double unit, String of, double whole) {
        double median = median(values) * unit;
        return String.format(
                Locale.ROOT,
                "| %s | %.1f | %.1f to %.1f | %s | %.3f |",
                what,
                median,
                Collections.min(values) * unit,
                Collections.max(values) * unit,
                of,
                median * whole);
    }

    private static double median(List<Double> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }
}
