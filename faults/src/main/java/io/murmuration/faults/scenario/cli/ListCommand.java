package io.murmuration.faults.scenario.cli;

import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.UserError;
import io.murmuration.faults.scenario.Scenario;
import io.murmuration.faults.scenario.file.ScenarioReader;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code scenario list [DIR]}. */
@Command(
        name = "list",
        description =
                "Lists the scenarios that come with Murmuration and those of a folder; exit code 2 if one is wrong.",
        mixinStandardHelpOptions = true)
final class ListCommand implements Callable<Integer> {

    private static final int WRONG = 2;

    private final Surroundings surroundings;

    @Parameters(paramLabel = "DIR", arity = "0..1", description = "A folder with more scenarios (*.conf).")
    private Optional<Path> folder = Optional.empty();

    ListCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        List<Path> files = new ArrayList<>();
        surroundings
                .home()
                .map(home -> home.resolve("faults").resolve("scenarios"))
                .filter(Files::isDirectory)
                .ifPresent(shipped -> files.addAll(in(shipped)));
        folder.ifPresent(given -> files.addAll(in(given)));
        PrintStream out = surroundings.terminal().out();
        boolean wrong = false;
        ScenarioReader reader = ScenarioCommand.reader(surroundings);
        for (Path file : files) {
            try {
                Scenario scenario = reader.read(file);
                out.println(file + "  " + scenario.name() + " (" + Plan.length(scenario) + ")");
                if (!scenario.question().isEmpty()) {
                    out.println("    " + scenario.question());
                }
            } catch (UserError e) {
                wrong = true;
                out.println(file + "  wrong: " + e.getMessage());
            }
        }
        if (files.isEmpty()) {
            out.println("no scenarios here; give a folder with *.conf files");
        }
        out.flush();
        return wrong ? WRONG : 0;
    }

    private static List<Path> in(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.getFileName().toString().endsWith(".conf"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UserError("cannot read the folder " + folder + ": " + e, e);
        }
    }
}
