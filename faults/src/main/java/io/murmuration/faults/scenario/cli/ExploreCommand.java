package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.report.ScenarioReport;
import io.murmuration.faults.scenario.Verdict;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code scenario explore --seeds N}. */
@Command(
        name = "explore",
        description = "Draws random scenarios, one per seed, runs them and reports the seeds that fail.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ExploreCommand implements Callable<Integer> {

    private final Explorer explorer;
    private final Surroundings surroundings;

    @Option(names = "--seeds", required = true, paramLabel = "N", description = "How many.")
    private long seeds;

    @Option(names = "--first", paramLabel = "M", description = "The first seed (1).")
    private long first = 1;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of each run; as drawn where it is not given.")
    private Optional<Long> steps = Optional.empty();

    @Option(
            names = "--pool",
            paramLabel = "N",
            description = "Threads that compute; changes nothing but the time it takes.")
    private int pool = Runtime.getRuntime().availableProcessors();

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
        RunCommand.checkPool(pool);
        PrintStream out = surroundings.terminal().out();
        List<Verdict> verdicts = new ArrayList<>();
        List<Long> failed = new ArrayList<>();
        for (long seed = first; seed < first + seeds; seed++) {
            ScenarioReport report = explorer.explore(seed, steps, pool);
            Verdict verdict = report.judgement().verdict();
            verdicts.add(verdict);
            if (verdict != Verdict.PASSED) {
                failed.add(seed);
                Outcome.print(out, report);
            }
        }
        out.println(seeds + " seeds from " + first + ": "
                + (failed.isEmpty()
                        ? "all passed"
                        : failed.size() + " did not pass: "
                                + failed.stream().map(String::valueOf).collect(Collectors.joining(", "))));
        out.flush();
        return Verdict.of(verdicts).exitCode();
    }
}
