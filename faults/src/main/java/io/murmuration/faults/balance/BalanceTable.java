package io.murmuration.faults.balance;

import io.murmuration.actors.rebalance.RebalanceSettings;
import io.murmuration.faults.balance.Pipeline.Placement;
import io.murmuration.faults.simulation.world.ChurnTrace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * The strategies side by side over some traces, as a table in Markdown: each figure is the mean over the traces, the share
 * with its smallest and largest value.
 *
 * @param rows one for each strategy
 */
public record BalanceTable(List<Row> rows) {

    /**
     * Who goes where.
     *
     * @param period of the rebalancer; empty if nobody ever moves
     */
    public record Strategy(String name, Placement placement, Optional<Duration> period) {}

    /** What a strategy kept in each trace. */
    public record Row(Strategy strategy, List<Kept> kept) {

        public double mean(ToDoubleFunction<Kept> figure) {
            return kept.stream().mapToDouble(figure).average().orElse(0);
        }

        public double least(ToDoubleFunction<Kept> figure) {
            return kept.stream().mapToDouble(figure).min().orElse(0);
        }

        private double most(ToDoubleFunction<Kept> figure) {
            return kept.stream().mapToDouble(figure).max().orElse(0);
        }
    }

    /** What SWARM (arXiv 2301.11913, sec. 4) has figures for, nobody moves, T = 300 s and T = 60 s, for both ways to place. */
    public static final List<Strategy> STRATEGIES = List.of(
            new Strategy("joiners anywhere, nobody moves", Placement.RANDOM, Optional.empty()),
            new Strategy("joiners where needed, nobody moves", Placement.NEEDED, Optional.empty()),
            new Strategy("joiners anywhere, T = 300 s", Placement.RANDOM, Optional.of(Duration.ofSeconds(300))),
            new Strategy("joiners anywhere, T = 60 s", Placement.RANDOM, Optional.of(Duration.ofSeconds(60))),
            new Strategy("joiners where needed, T = 300 s", Placement.NEEDED, Optional.of(Duration.ofSeconds(300))),
            new Strategy("joiners where needed, T = 60 s", Placement.NEEDED, Optional.of(Duration.ofSeconds(60))));

    /** A trace, the seed of what is drawn beside it, and how long it is. */
    public record Case(ChurnTrace trace, Duration end, long seed) {}

    /**
     * @param strategies a row for each
     * @param threshold of the rebalancer; its other settings are the usual ones
     * @param download how long a node takes a stage's state
     * @param noise of measured rates
     */
    public static BalanceTable of(
            List<Strategy> strategies,
            List<Case> cases,
            int stages,
            List<Long> rates,
            Duration download,
            double noise,
            double threshold) {
        List<Row> rows = new ArrayList<>();
        for (Strategy strategy : strategies) {
            Pipeline pipeline = new Pipeline(
                    stages,
                    rates,
                    download,
                    noise,
                    strategy.placement(),
                    strategy.period()
                            .map(period -> RebalanceSettings.usual(period).withThreshold(threshold)));
            rows.add(new Row(
                    strategy,
                    cases.stream()
                            .map(one -> TraceRun.run(pipeline, one.trace(), one.end(), one.seed()))
                            .toList()));
        }
        return new BalanceTable(List.copyOf(rows));
    }

    public String markdown() {
        StringBuilder text =
                new StringBuilder("| strategy | share of the best | first hour | last hour | moves an hour |"
                        + " minutes with an empty stage |\n|---|---|---|---|---|---|\n");
        for (Row row : rows) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %.1f %% (%.1f to %.1f) | %.1f %% | %.1f %% | %.1f | %.1f |%n",
                    row.strategy().name(),
                    100 * row.mean(Kept::share),
                    100 * row.least(Kept::share),
                    100 * row.most(Kept::share),
                    100 * row.mean(Kept::firstHour),
                    100 * row.mean(Kept::lastHour),
                    row.mean(Kept::movesPerHour),
                    row.mean(kept -> kept.empty().toMillis() / 60e3)));
        }
        return text.toString();
    }
}
