package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Verdict;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code scenario explore --seeds N}. */
@Command(
        name = "explore",
        description =
                "Draws random scenarios, one per seed, runs them and reports the seeds that fail; exit code 0 all passed, 1 one failed, 2 one unknown or wrong input.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ExploreCommand implements Callable<Integer> {

    /** A line now and then, so that one sees that it goes on. */
    private static final Duration PROGRESS = Duration.ofSeconds(10);

    private final Explorer explorer;
    private final Surroundings surroundings;

    @Option(names = "--seeds", required = true, paramLabel = "N", description = "How many.")
    private long seeds;

    @Option(names = "--first", paramLabel = "M", description = "The first seed (1).")
    private long first = 1;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of each run; as drawn where it is not given.")
    private Optional<Long> steps = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder for the files of scenarios that do not pass (runs/explore).")
    private Path folder = Path.of("runs", "explore");

    @Mixin
    private PoolOption pool = new PoolOption();

    ExploreCommand(Explorer explorer, Surroundings surroundings) {
        this.explorer = explorer;
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        if (seeds < 1 || first > Long.MAX_VALUE - seeds) {
            throw new UserError("--seeds " + seeds + ": expected at least 1, and seeds that a 64-bit number holds");
        }
        if (steps.isPresent() && steps.get() < 1) {
            throw new UserError("--steps " + steps.get() + ": expected at least 1");
        }
        int threads = pool.threads();
        PrintStream out = surroundings.terminal().out();
        Verdict worst = Verdict.PASSED;
        List<Long> failed = new ArrayList<>();
        Instant begun = surroundings.clock().instant();
        Instant said = begun;
        for (long seed = first; seed < first + seeds; seed++) {
            ScenarioReport report = explorer.explore(seed, steps, threads, folder);
            Verdict verdict = report.judgement().verdict();
            worst = Verdict.of(List.of(worst, verdict));
            if (verdict != Verdict.PASSED) {
                failed.add(seed);
                Outcome.print(out, report);
            }
            Instant now = surroundings.clock().instant();
            long done = seed - first + 1;
            if (done < seeds && Duration.between(said, now).compareTo(PROGRESS) >= 0) {
                said = now;
                out.println(done + " of " + seeds + " seeds, " + rate(done, begun, now) + ", " + failed.size()
                        + " did not pass");
                out.flush();
            }
        }
        out.println(seeds + " seeds from " + first + " ("
                + rate(seeds, begun, surroundings.clock().instant()) + "): "
                + (failed.isEmpty()
                        ? "all passed"
                        : failed.size() + " did not pass: "
                                + failed.stream().map(String::valueOf).collect(Collectors.joining(", "))));
        out.flush();
        return worst.exitCode();
    }

    private static String rate(long done, Instant begun, Instant now) {
        double seconds = Math.max(1e-3, Duration.between(begun, now).toNanos() / 1e9);
        return String.format(Locale.ROOT, "%.1f seeds/s", done / seconds);
    }
}
