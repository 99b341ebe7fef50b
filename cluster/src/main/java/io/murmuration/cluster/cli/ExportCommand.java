package io.murmuration.cluster.cli;

import io.murmuration.cluster.config.ByteSize;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.tensors.checkpoint.CheckpointException;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.CheckpointStore;
import io.murmuration.tensors.checkpoint.Dtype;
import io.murmuration.tensors.checkpoint.HuggingFaceExport;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code murmuration export}: a checkpoint as a model that Hugging Face transformers loads. */
@Command(
        name = "export",
        description = "Writes a trained model as Hugging Face transformers saves one; model.import reads it again.",
        mixinStandardHelpOptions = true,
        sortOptions = false)
final class ExportCommand implements Callable<Integer> {

    private static final List<Dtype> FORMATS = List.of(Dtype.F32, Dtype.BF16, Dtype.F16);

    private final Terminal terminal;

    @Parameters(
            index = "0",
            paramLabel = "CHECKPOINT",
            description = "A checkpoint, or a run directory: then its newest one.")
    private Path checkpoint = Path.of("");

    @Parameters(index = "1", paramLabel = "DIR", description = "Folder to write, new or empty.")
    private Path folder = Path.of("");

    @Option(
            names = "--dtype",
            paramLabel = "FORMAT",
            description = "Format of the numbers: f32, bf16 or f16 (default: ${DEFAULT-VALUE}).")
    private String format = "f32";

    @Option(
            names = "--shard-size",
            paramLabel = "SIZE",
            description =
                    "Most numbers in a file, such as 2GiB; more are spread over several (default: ${DEFAULT-VALUE}).")
    private String shardSize = "5GiB";

    ExportCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        Dtype dtype = dtype(format);
        long bytes = ByteSize.of(shardSize)
                .orElseThrow(() -> new UserError("--shard-size " + shardSize + ": expected a size such as 2GiB"));
        if (!Files.isDirectory(checkpoint)) {
            throw new UserError("there is no checkpoint " + checkpoint);
        }
        try {
            Path newest = new CheckpointStore(checkpoint, 1).latest().orElse(checkpoint);
            HuggingFaceExport.write(CheckpointReader.open(newest), folder, dtype, bytes)
                    .forEach(terminal.out()::println);
        } catch (CheckpointException e) {
            throw new UserError(e.getMessage(), e);
        }
        terminal.out().flush();
        return ExitCode.OK;
    }

    private static Dtype dtype(String name) {
        return FORMATS.stream()
                .filter(dtype -> dtype.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> new UserError("--dtype " + name + ": expected f32, bf16 or f16"));
    }
}
