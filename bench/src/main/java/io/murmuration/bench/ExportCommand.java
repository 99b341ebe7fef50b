package io.murmuration.bench;

import io.murmuration.cluster.cli.SettingsOptions;
import io.murmuration.cluster.cli.Surroundings;
import io.murmuration.cluster.config.RunSettings;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench export}: what a run starts from and is fed with, for a twin in another language. */
@Command(
        name = "export",
        description = "Writes the initial weights, the training samples in their order and the validation windows of a"
                + " run, as train with the same settings would use them.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ExportCommand implements Callable<Integer> {

    private final Surroundings surroundings;

    @Mixin
    private SettingsOptions options = new SettingsOptions();

    @Option(names = "--out", required = true, paramLabel = "DIR", description = "Folder to write, new or empty.")
    private Path out = Path.of(".");

    ExportCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        RunSettings settings =
                options.applyTo(surroundings.settings(options.config())).load().settings();
        RunExport.write(settings, out);
        surroundings.terminal().out().println(out);
        return 0;
    }
}
