package io.murmuration.cluster.cli;

import io.murmuration.cluster.local.ClassArchive;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code murmuration class-archive}: for the launcher, once after each build. */
@Command(
        name = "class-archive",
        description = "Makes the archive of classes with which processes start faster.",
        mixinStandardHelpOptions = true,
        hidden = true)
final class ClassArchiveCommand implements Callable<Integer> {

    @Parameters(paramLabel = "FILE", description = "The archive.")
    private Path file = Path.of("");

    @Override
    public Integer call() {
        ClassArchive.create(file);
        return ExitCode.OK;
    }
}
