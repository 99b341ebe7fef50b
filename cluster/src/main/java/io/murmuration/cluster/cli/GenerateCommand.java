package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.TextGenerator;
import io.murmuration.cluster.run.TextModel;
import io.murmuration.cluster.run.TextModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code murmuration generate}: a trained model goes on from a prompt. */
@Command(
        name = "generate",
        description = "Lets a trained model write.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class GenerateCommand implements Callable<Integer> {

    private final TextModels models;
    private final Terminal terminal;

    @Option(
            names = "--checkpoint",
            required = true,
            paramLabel = "DIR",
            description = "A checkpoint, or a run directory: then its newest one.")
    private Path checkpoint = Path.of("");

    @Option(names = "--prompt", paramLabel = "TEXT", description = "What to go on from (default: ${DEFAULT-VALUE}).")
    private String prompt = "The ";

    @Option(names = "--max-bytes", paramLabel = "N", description = "Bytes to write (default: ${DEFAULT-VALUE}).")
    private int maxBytes = 400;

    @Option(
            names = "--temperature",
            paramLabel = "T",
            description = "0 takes the likeliest token, 1 follows the model's odds (default: ${DEFAULT-VALUE}).")
    private double temperature = 0.8;

    @Option(names = "--seed", paramLabel = "S", description = "Same seed, same text (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    GenerateCommand(TextModels models, Terminal terminal) {
        this.models = models;
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (maxBytes < 0) {
            throw new UserError("--max-bytes must be 0 or more, was " + maxBytes);
        }
        if (!Files.exists(checkpoint)) {
            throw new UserError("there is no checkpoint " + checkpoint);
        }
        try (TextModel model = models.open(checkpoint)) {
            terminal.out().println(prompt + new TextGenerator(model, temperature, seed).text(prompt, maxBytes));
            terminal.out().flush();
        }
        return ExitCode.OK;
    }
}
