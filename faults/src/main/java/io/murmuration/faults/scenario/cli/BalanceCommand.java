package io.murmuration.faults.scenario.cli;

import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.balance.BalanceTable;
import io.murmuration.faults.balance.Kept;
import io.murmuration.faults.balance.PreemptedPool;
import io.murmuration.faults.simulation.world.ChurnTrace;
import io.murmuration.faults.simulation.world.TraceException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code scenario balance [TRACE]}. */
@Command(
        name = "balance",
        description =
                "Computes how much of the best possible throughput a pipeline keeps while nodes come and go, without and with"
                        + " moving shards between stages; by a recorded trace, or by drawn ones that are like those of spot"
                        + " instances.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class BalanceCommand implements Callable<Integer> {

    /** A trace takes a second or so. */
    private static final int MOST_SEEDS = 1000;

    private static final int MOST_STAGES = 1000;

    private final Surroundings surroundings;

    @Parameters(
            paramLabel = "TRACE",
            arity = "0..1",
            description = "Lines time,node,up or time,node,down; drawn where it is not given.")
    private Optional<Path> file = Optional.empty();

    @Option(names = "--stages", paramLabel = "N", description = "Stages of equal cost (4).")
    private int stages = 4;

    @Option(
            names = "--rates",
            paramLabel = "R",
            split = ",",
            description = "Rates of nodes, whole numbers; each new node has one of them, by chance (1).")
    private List<Long> rates = List.of(1L);

    @Option(
            names = "--download",
            paramLabel = "SECONDS",
            description = "How long a node takes a stage's state, when it joins and when it moves (60).")
    private long download = 60;

    @Option(names = "--noise", paramLabel = "SHARE", description = "How far a measured rate is off, at most (0.1).")
    private double noise = 0.1;

    @Option(
            names = "--threshold",
            paramLabel = "SHARE",
            description = "A stage below this share of the best spreading is worth a shard.")
    private double threshold = RebalanceSettings.usual(Duration.ofSeconds(1)).threshold();

    @Option(names = "--seeds", paramLabel = "N", description = "How many traces, or repetitions of the one given (10).")
    private int seeds = 10;

    @Option(names = "--first", paramLabel = "M", description = "The first seed (1).")
    private long first = 1;

    @Option(names = "--hours", paramLabel = "H", description = "Length of drawn traces (32).")
    private int hours = 32;

    @Option(names = "--zones", paramLabel = "N", description = "Zones of drawn traces, which lose nodes together (6).")
    private int zones = 6;

    @Option(names = "--nodes", paramLabel = "N", description = "Nodes in each zone of drawn traces (16).")
    private int nodes = 16;

    @Option(
            names = "--dwindle",
            paramLabel = "H",
            description = "Hours at the end of drawn traces in which lost nodes are not replaced (0).")
    private int dwindle;

    BalanceCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (seeds < 1 || seeds > MOST_SEEDS || first > Long.MAX_VALUE - seeds) {
            throw new UserError("--seeds " + seeds + ": expected 1 to " + MOST_SEEDS);
        }
        if (stages < 1 || stages > MOST_STAGES) {
            throw new UserError("--stages " + stages + ": expected 1 to " + MOST_STAGES);
        }
        BalanceTable table;
        try {
            table = BalanceTable.of(
                    BalanceTable.STRATEGIES, cases(), stages, rates, Duration.ofSeconds(download), noise, threshold);
        } catch (TraceException | IllegalArgumentException e) {
            throw new UserError(e.getMessage(), e);
        }
        PrintStream out = surroundings.terminal().out();
        BalanceTable.Row row = table.rows().getFirst();
        out.printf(
                Locale.ROOT,
                "%s; %.1f live nodes in the mean, %d stages, a state takes %d s%n%n",
                file.map(path -> path + ", " + seeds + " times")
                        .orElse(seeds + " traces of " + hours + " hours from seed " + first),
                row.mean(Kept::meanNodes),
                stages,
                download);
        out.print(table.markdown());
        out.flush();
        return 0;
    }

    private List<BalanceTable.Case> cases() {
        List<BalanceTable.Case> cases = new ArrayList<>();
        if (file.isPresent()) {
            ChurnTrace trace = ChurnTrace.read(file.get());
            if (trace.entries().isEmpty()) {
                throw new UserError(file.get() + ": expected lines time,node,up or time,node,down, there is none");
            }
            // What comes after the last change is not known.
            Duration end = trace.entries().getLast().time();
            if (end.isZero()) {
                throw new UserError(file.get() + ": expected changes after the start, all are at 0");
            }
            for (long seed = first; seed < first + seeds; seed++) {
                cases.add(new BalanceTable.Case(trace, end, seed));
            }
        } else {
            Duration duration = Duration.ofHours(hours);
            PreemptedPool pool = new PreemptedPool(zones, nodes, duration, duration.minusHours(dwindle));
            for (long seed = first; seed < first + seeds; seed++) {
                cases.add(new BalanceTable.Case(pool.draw(seed), duration, seed));
            }
        }
        return cases;
    }
}
