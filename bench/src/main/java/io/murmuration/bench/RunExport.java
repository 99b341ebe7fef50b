package io.murmuration.bench;

import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.ScheduleName;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.run.LocalRuns;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointWriter;
import io.murmuration.tensors.checkpoint.StageState;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.data.Batches;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.optim.AdamW;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A run's inputs as files: {@code initial/} (a checkpoint of the initial weights), {@code train.bin} (bytes, {@code
 * [steps, batch, sequence + 1]}), {@code validation.bin} (bytes, {@code [windows, sequence + 1]}) and {@code run.json}
 * with these sizes and the optimiser's settings.
 */
final class RunExport {

    static final String INITIAL = "initial";
    static final String TRAIN = "train.bin";
    static final String VALIDATION = "validation.bin";
    static final String RUN = "run.json";

    private RunExport() {}

    /**
     * @param folder new or empty
     * @throws UserError if it is not, cannot be written, or the data cannot be read
     */
    static void write(RunSettings settings, Path folder) {
        if (settings.model().vocabulary() > 1 << Byte.SIZE) {
            throw new UserError("the samples are written as bytes, but the model has "
                    + settings.model().vocabulary()
                    + " token ids: expected data.tokeniser bytes and a vocabulary of 256");
        }
        Batches batches = LocalRuns.batches(settings, LocalRuns.corpus(settings));
        try {
            if (Files.exists(folder) && !isEmptyFolder(folder)) {
                throw new UserError("expected a new or empty folder, " + folder + " is not");
            }
            Files.createDirectories(folder);
            weights(settings, folder.resolve(INITIAL));
            train(settings, batches, folder.resolve(TRAIN));
            int windows = LocalRuns.validationWindows(settings, batches);
            bytes(folder.resolve(VALIDATION), batches.validation(0, windows));
            Files.write(folder.resolve(RUN), description(settings, windows));
        } catch (IOException e) {
            throw new UserError("cannot write " + folder + ": " + e, e);
        }
    }

    private static boolean isEmptyFolder(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.findAny().isEmpty();
        }
    }

    private static void weights(RunSettings settings, Path folder) {
        var whole = StagePlan.of(settings.model().layers(), 1).slice(0);
        String backend = settings.compute().backend().name().toLowerCase(Locale.ROOT);
        try (Stage stage = new Stage(Backends.byName(backend), settings.model(), whole)) {
            stage.initialise(settings.seed());
            CheckpointWriter.write(
                    folder,
                    new CheckpointMeta(settings.model(), 0, 0, settings.seed(), Map.of("name", settings.name())),
                    List.of(new StageState(stage.layout(), stage.parameters(), Map.of())));
        }
    }

    private static void train(RunSettings settings, Batches batches, Path file) throws IOException {
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
            for (int step = 0; step < settings.steps(); step++) {
                for (int index = 0; index < batches.microbatches(); index++) {
                    out.write(narrow(batches.microbatch(step, index)));
                }
            }
        }
    }

    private static void bytes(Path file, int[] ids) throws IOException {
        Files.write(file, narrow(ids));
    }

    /** Text is bytes, whatever the vocabulary. */
    private static byte[] narrow(int[] ids) {
        byte[] bytes = new byte[ids.length];
        for (int i = 0; i < ids.length; i++) {
            bytes[i] = (byte) ids[i];
        }
        return bytes;
    }

    private static byte[] description(RunSettings settings, int windows) throws IOException {
        JsonMapper mapper = new JsonMapper();
        ObjectNode run = mapper.createObjectNode();
        run.put("seed", settings.seed());
        run.put("steps", settings.steps());
        run.put("sequence", settings.model().sequence());
        run.put("batch", settings.batch().sequences());
        run.put("validationWindows", windows);
        RunSettings.Optimiser optimiser = settings.optimiser();
        if (!(optimiser.inner() instanceof AdamW.Settings adamW) || optimiser.schedule() != ScheduleName.COSINE) {
            throw new UserError("the twin trains with adamw and a cosine; optimiser.name is "
                    + optimiser.inner().name() + " and optimiser.schedule is "
                    + optimiser.schedule().name().toLowerCase(Locale.ROOT));
        }
        if (optimiser.delayDiscountSteps() > 0) {
            throw new UserError("the twin has no stale gradients; optimiser.delay-discount-steps is "
                    + optimiser.delayDiscountSteps() + ", expected 0");
        }
        run.putObject("optimiser")
                .put("learningRate", optimiser.learningRate())
                .put("finalLearningRate", optimiser.finalLearningRate())
                .put("warmUp", optimiser.warmUp())
                .put("beta1", adamW.beta1())
                .put("beta2", adamW.beta2())
                .put("epsilon", adamW.epsilon())
                .put("weightDecay", adamW.weightDecay())
                .put("clip", optimiser.clip());
        return mapper.writerWithDefaultPrettyPrinter().writeValueAsBytes(run);
    }
}
