package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.WholeFiles;
import io.murmuration.faults.report.Compared;
import io.murmuration.faults.report.ReportFiles;
import io.murmuration.faults.scenario.Scenario;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code scenario compare FILE}. */
@Command(
        name = "compare",
        description =
                "Runs a scenario in processes and simulated, with compute rates that are fitted to a run in processes"
                        + " without events, and says how far apart they are; exit code 0 same verdict, 1 another, 2 wrong input.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class CompareCommand implements Callable<Integer> {

    private static final String TABLE = "comparison.md";

    private final Comparer comparer;
    private final Surroundings surroundings;

    @Mixin
    private ScenarioOptions options = new ScenarioOptions();

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of table and reports (runs/compare-NAME-SEED).")
    private Optional<Path> out = Optional.empty();

    @Mixin
    private PoolOption pool = new PoolOption();

    CompareCommand(Comparer comparer, Surroundings surroundings) {
        this.comparer = comparer;
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        int threads = pool.threads();
        Scenario scenario = options.read(surroundings);
        Path folder = out.orElseGet(() -> ScenarioOptions.folder("compare", scenario));
        ReportFiles.prepare(folder);
        Compared compared = comparer.compare(scenario, threads);
        PrintStream stream = surroundings.terminal().out();
        stream.println("simulated:");
        Outcome.print(stream, compared.simulated());
        stream.println("over sockets:");
        Outcome.print(stream, compared.sockets());
        stream.println();
        stream.print(compared.text());
        ReportFiles.write(compared.simulated(), folder.resolve("simulated"));
        ReportFiles.write(compared.sockets(), folder.resolve("sockets"));
        try {
            WholeFiles.write(folder.resolve(TABLE), compared.text().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UserError("cannot write the comparison to " + folder + ": " + e.getMessage(), e);
        }
        stream.println("reports " + folder);
        stream.flush();
        return compared.sameVerdict() ? 0 : 1;
    }
}
