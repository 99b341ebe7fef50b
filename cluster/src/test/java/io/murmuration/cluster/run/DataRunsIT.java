package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.Dtype;
import io.murmuration.tensors.checkpoint.HuggingFaceExport;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Other data and other starting points than the main job's, on the smallest model. */
final class DataRunsIT {

    private static final String[] NANO = {
        "model.preset=nano",
        "steps=3",
        "validation.windows=4",
        "validation.every=0",
        "checkpoint.every=0",
        "compute.threads=2",
        "limits.control-retry=500ms"
    };

    @TempDir
    private Path folder;

    /** Remembers what it heard. */
    private static final class Heard implements RunListener {
        private final List<Double> losses = new ArrayList<>();
        private final List<String> notices = new ArrayList<>();
        private Optional<ValidationReport> validation = Optional.empty();

        @Override
        public void noticed(String line) {
            notices.add(line);
        }

        @Override
        public void stepped(StepReport report) {
            losses.add(report.loss());
        }

        @Override
        public void validated(ValidationReport report) {
            validation = Optional.of(report);
        }
    }

    @Test
    void json_lines_are_learnt_as_byte_pairs_resumed_and_written() throws IOException {
        StringBuilder json = new StringBuilder();
        for (int i = 0; i < 300; i++) {
            json.append("{\"text\": \"Document number ").append(i).append(" says nothing that is new.\"}\n");
        }
        Path data = Files.writeString(folder.resolve("docs.jsonl"), json);
        String[] told = {"data=" + data, "data.tokeniser=gpt2", "data.cache=" + folder.resolve("cache")};
        Heard heard = new Heard();

        RunResult result = run(settings(told), "run", Optional.empty(), heard);

        assertThat(heard.losses.getFirst()).isCloseTo(Math.log(50_257), within(0.1));
        assertThat(heard.losses.getLast()).isLessThan(heard.losses.getFirst());
        assertThat(heard.notices).hasSize(1).first().asString().contains("docs.jsonl", "gpt2", "once");
        ValidationReport validation = heard.validation.orElseThrow();
        assertThat(validation.bytesPerToken()).isBetween(3.0, 6.0);
        assertThat(validation.lossPerByte()).isEqualTo(validation.loss() / validation.bytesPerToken());
        try (TextModel model =
                new CheckpointModels("java").open(result.checkpoint().orElseThrow())) {
            assertThat(model.tokeniser().name()).isEqualTo("gpt2");
            assertThat(new TextGenerator(model, 0.8, 1).text("Document", 20)).isNotEmpty();
        }
        RunSettings bytes = settings("data=" + data, "model.vocabulary=50257", "steps=5");
        assertThatThrownBy(() -> run(bytes, "run", Optional.of(folder.resolve("run")), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("was trained with the tokeniser gpt2, the settings say bytes");
        Heard again = new Heard();
        String[] longer =
                Stream.concat(Arrays.stream(told), Stream.of("steps=5")).toArray(String[]::new);
        assertThat(run(settings(longer), "run", Optional.of(folder.resolve("run")), again)
                        .steps())
                .isEqualTo(5);
        assertThat(again.losses).hasSize(2);
        assertThat(again.notices).isEmpty();
    }

    @Test
    void a_token_file_of_16_bits_is_learnt_with_any_vocabulary() throws IOException {
        Path data = tokens(20_000, 5000);
        Heard heard = new Heard();

        run(settings("data=" + data, "data.tokeniser=none", "model.vocabulary=5000"), "run", Optional.empty(), heard);

        assertThat(heard.losses.getFirst()).isCloseTo(Math.log(5000), within(0.1));
        assertThat(heard.validation.orElseThrow().bytesPerToken()).isNaN();
        assertThatThrownBy(() -> run(
                        settings("data=" + data, "data.tokeniser=none", "model.vocabulary=100"),
                        "other",
                        Optional.empty(),
                        new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith(data + ": expected token ids below the model's vocabulary of 100, got ");
        assertThat(folder.resolve("other")).isEmptyDirectory();
    }

    @Test
    void an_exported_model_is_imported_over_several_stages_and_goes_on_from_its_loss() throws IOException {
        // With a learning rate of 0 the validation after a step is one of the imported weights.
        RunResult trained = run(
                settings("model.kv-heads=2", "steps=6", "wire.activations=fp32"),
                "trained",
                Optional.empty(),
                new Heard());
        Path model = folder.resolve("model");
        CheckpointReader checkpoint = CheckpointReader.open(trained.checkpoint().orElseThrow());
        HuggingFaceExport.write(checkpoint, model, Dtype.F32, 20_000);
        double there = trained.validationLoss();

        for (String stages : List.of("swarm.stages=1", "swarm.stages=3")) {
            Heard heard = new Heard();
            RunSettings still = settings(
                    "model.import=" + model,
                    stages,
                    "wire.activations=fp32",
                    "steps=1",
                    "optimiser.learning-rate=0",
                    "optimiser.final-learning-rate=0");
            RunResult result = run(still, "still-" + stages, Optional.empty(), heard);
            assertThat(still.model()).isEqualTo(checkpoint.meta().model());
            assertThat(result.validationLoss()).isCloseTo(there, within(1e-6));
        }
        Heard tuned = new Heard();
        run(settings("model.import=" + model, "steps=8"), "tuned", Optional.empty(), tuned);
        Heard fresh = new Heard();
        run(settings("model.kv-heads=2", "steps=1"), "fresh", Optional.empty(), fresh);
        assertThat(tuned.losses.getFirst()).isLessThan(fresh.losses.getFirst() - 0.01);
        assertThat(tuned.losses.getLast()).isLessThan(tuned.losses.getFirst());
    }

    @Test
    void a_model_trained_within_a_subspace_is_exported_and_goes_on_within_it_but_no_other_is_taken() {
        RunResult trained = run(
                settings("model.subspace=4", "steps=6", "wire.activations=fp32"),
                "trained",
                Optional.empty(),
                new Heard());
        Path model = folder.resolve("model");
        CheckpointReader checkpoint = CheckpointReader.open(trained.checkpoint().orElseThrow());
        HuggingFaceExport.write(checkpoint, model, Dtype.F32, 1 << 30);
        String[] still = {
            "model.import=" + model,
            "wire.activations=fp32",
            "steps=1",
            "optimiser.learning-rate=0",
            "optimiser.final-learning-rate=0"
        };
        RunResult inside = run(with(still, "model.subspace=4"), "inside", Optional.empty(), new Heard());
        RunResult ordinary = run(with(still), "ordinary", Optional.empty(), new Heard());
        RunResult gained = run(with(still, "model.branch-gain=true"), "gained", Optional.empty(), new Heard());

        assertThat(inside.validationLoss()).isCloseTo(trained.validationLoss(), within(1e-6));
        assertThat(ordinary.validationLoss()).isCloseTo(trained.validationLoss(), within(1e-6));
        assertThat(gained.validationLoss()).isCloseTo(trained.validationLoss(), within(1e-6));
        assertThatThrownBy(() -> run(with(still, "model.subspace=3"), "narrow", Optional.empty(), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageMatching("model.subspace is 3, but of \\S+ in \\S+ [(]model.import[)] a part of 0[.]\\d+"
                        + " [(]relative L2, at most 1e-05[)] is outside this subspace: .*");

        RunResult tuned = run(
                settings("model.branch-gain=true", "steps=6", "wire.activations=fp32"),
                "tuned",
                Optional.empty(),
                new Heard());
        Path folded = folder.resolve("folded");
        HuggingFaceExport.write(CheckpointReader.open(tuned.checkpoint().orElseThrow()), folded, Dtype.F32, 1 << 30);
        still[0] = "model.import=" + folded;
        RunResult again = run(with(still), "again", Optional.empty(), new Heard());
        assertThat(again.validationLoss()).isCloseTo(tuned.validationLoss(), within(1e-6));
    }

    private static RunSettings with(String[] some, String... more) {
        return settings(Stream.concat(Arrays.stream(some), Arrays.stream(more)).toArray(String[]::new));
    }

    @Test
    void a_tied_model_is_trained_in_one_stage_and_imported_over_three_as_a_copy() {
        RunResult tied = run(settings("model.tied-head=true", "swarm.stages=1"), "tied", Optional.empty(), new Heard());
        Path model = folder.resolve("model");
        HuggingFaceExport.write(CheckpointReader.open(tied.checkpoint().orElseThrow()), model, Dtype.F32, 1 << 30);
        Heard heard = new Heard();

        run(settings("model.import=" + model, "steps=1"), "untied", Optional.empty(), heard);
        assertThat(heard.notices).hasSize(1).first().asString().contains("tied to the embedding", "copy");
        assertThat(heard.losses.getFirst()).isLessThan(Math.log(256) + 0.1);
        run(
                settings("model.import=" + model, "model.tied-head=true", "swarm.stages=1"),
                "again",
                Optional.empty(),
                new Heard());
    }

    @Test
    void an_import_that_is_not_what_the_settings_say_is_refused() {
        RunResult trained = run(settings("steps=1"), "trained", Optional.empty(), new Heard());
        Path model = folder.resolve("model");
        HuggingFaceExport.write(CheckpointReader.open(trained.checkpoint().orElseThrow()), model, Dtype.BF16, 1 << 30);

        assertThatThrownBy(() ->
                        run(settings("model.import=" + model, "model.ffn=64"), "a", Optional.empty(), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("(model.import) holds another model");
        assertThatThrownBy(() ->
                        run(settings("model.import=" + model, "model.sequence=64"), "b", Optional.empty(), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("was made for at most 32 tokens");
        assertThatThrownBy(() -> run(
                        settings("model.import=" + model, "model.tied-head=true", "swarm.stages=1"),
                        "c",
                        Optional.empty(),
                        new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("has a head of its own");
        assertThatThrownBy(() -> settings("model.import=" + model, "data.tokeniser=gpt2"))
                .isInstanceOf(UserError.class)
                .hasMessage("model.vocabulary is 256, but data.tokeniser gpt2 has 50257 token ids");
    }

    @Test
    void a_run_that_does_not_fit_is_refused_before_anything_is_read() {
        RunSettings settings = settings("data=/no/such", "compute.memory=1 MiB");

        assertThatThrownBy(() -> run(settings, "run", Optional.empty(), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageStartingWith("the model does not fit: stage 0: ")
                .hasMessageContaining("1.00 MiB are available (compute.memory)");
        assertThat(folder.resolve("run")).isEmptyDirectory();
    }

    private Path tokens(int count, int vocabulary) throws IOException {
        SplittableRandom random = new SplittableRandom(5);
        ByteBuffer bytes = ByteBuffer.allocate(2 * count).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            bytes.putShort((short) random.nextInt(vocabulary));
        }
        return Files.write(folder.resolve("tokens.bin"), bytes.array());
    }

    private static RunSettings settings(String... more) {
        return SettingsLoader.defaultsWith(
                Stream.concat(Arrays.stream(NANO), Arrays.stream(more)).toArray(String[]::new));
    }

    private RunResult run(RunSettings settings, String name, Optional<Path> resume, RunListener listener) {
        try {
            Path directory = Files.createDirectories(folder.resolve(name));
            return new LocalRuns().run(settings, directory, resume, listener, new StopSignal());
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
