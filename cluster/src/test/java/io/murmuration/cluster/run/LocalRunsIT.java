package io.murmuration.cluster.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.checkpoint.Dtype;
import io.murmuration.tensors.checkpoint.HuggingFaceExport;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The main job on the smallest model: real text, real actors, real checkpoints. */
final class LocalRunsIT {

    private static final String[] NANO = {
        "model.preset=nano",
        "steps=6",
        "validation.windows=8",
        "validation.every=4",
        "checkpoint.every=0",
        "compute.threads=2",
        "limits.control-retry=500ms"
    };

    @TempDir
    private Path folder;

    /** Remembers what it heard. */
    private static final class Heard implements RunListener {
        private final List<StepReport> steps = new ArrayList<>();
        private final List<ValidationReport> validations = new ArrayList<>();
        private final List<Long> checkpoints = new ArrayList<>();
        private final List<String> failures = new ArrayList<>();

        @Override
        public void stepped(StepReport report) {
            steps.add(report);
        }

        @Override
        public void validated(ValidationReport report) {
            validations.add(report);
        }

        @Override
        public void checkpointed(long step, Path dir) {
            checkpoints.add(step);
        }

        @Override
        public void checkpointFailed(long step, String why) {
            failures.add(step + ": " + why);
        }
    }

    /** Asks for a stop as soon as a step is done. */
    private record StopAfter(long step, StopSignal signal) implements RunListener {
        @Override
        public void stepped(StepReport report) {
            if (report.step() == step) {
                signal.request();
            }
        }
    }

    @Test
    void a_run_reports_every_step_validates_and_keeps_a_checkpoint() {
        Heard heard = new Heard();

        RunResult result = run(settings("swarm.stages=3"), "run", Optional.empty(), heard);

        assertThat(heard.steps).extracting(StepReport::step).containsExactly(1L, 2L, 3L, 4L, 5L, 6L);
        assertThat(heard.steps.getLast().microbatchesCounted()).isEqualTo(6 * 8);
        assertThat(heard.steps.getLast().compressionRatio()).isGreaterThan(1.2);
        assertThat(heard.steps.getLast().liveShards()).isEqualTo(6);
        assertThat(heard.validations).extracting(ValidationReport::step).containsExactly(4L, 6L);
        assertThat(heard.checkpoints).containsExactly(6L);
        assertThat(heard.failures).isEmpty();
        assertThat(result.validationLoss()).isBetween(3.0, 6.0);
        assertThat(result.trainLoss()).isLessThan(heard.steps.getFirst().loss());
        assertThat(result.parametersDigest()).hasSize(3);
        assertThat(result.stoppedEarly()).isFalse();
    }

    @Test
    void one_shard_that_stops_and_resumes_ends_with_the_bits_of_an_uninterrupted_run() {
        RunSettings settings = settings("swarm.stages=1", "swarm.replicas=1", "swarm.trainers=1");
        RunResult whole = run(settings, "whole", Optional.empty(), new Heard());

        RunResult first = runAndStopAfter(3, settings, "parts");
        RunResult second = run(settings, "parts", Optional.of(folder.resolve("parts")), new Heard());

        assertThat(first.stoppedEarly()).isTrue();
        assertThat(first.steps()).isBetween(3L, 5L);
        assertThat(second.parametersDigest()).isEqualTo(whole.parametersDigest());
        assertThat(second.validationLoss()).isEqualTo(whole.validationLoss());
    }

    @ParameterizedTest
    @ValueSource(strings = {"nadam", "sgd"})
    void any_optimiser_resumes_with_the_bits_of_an_uninterrupted_run(String optimiser) {
        RunSettings settings =
                settings("swarm.stages=1", "swarm.replicas=1", "swarm.trainers=1", "optimiser.name=" + optimiser);
        RunResult whole = run(settings, "whole", Optional.empty(), new Heard());

        runAndStopAfter(3, settings, "parts");
        RunResult second = run(settings, "parts", Optional.of(folder.resolve("parts")), new Heard());

        assertThat(second.parametersDigest()).isEqualTo(whole.parametersDigest());
    }

    /** The coordinator compares the digests of a stage's replicas after every step. */
    @Test
    void an_asynchronous_run_with_all_corrections_ends_with_equal_replicas_and_no_gradient_too_old() {
        RunSettings settings = settings(
                "swarm.staleness=2",
                "optimiser.name=nadam",
                "optimiser.momentum-by-stage=true",
                "optimiser.delay-discount-steps=4");

        RunResult result = run(settings, "corrected", Optional.empty(), new Heard());

        assertThat(result.parametersDigest()).hasSize(settings.swarm().stages());
        assertThat(result.gradientAges().lastKey()).isBetween(0L, 2L);
        // Every replica says which microbatches it counted, and each was counted once in every stage.
        assertThat(result.gradientAges().values().stream()
                        .mapToLong(Long::longValue)
                        .sum())
                .isEqualTo(result.microbatchesCounted() * settings.swarm().stages());
    }

    @Test
    void another_optimiser_than_the_checkpoint_s_is_refused_in_one_line() {
        runAndStopAfter(2, settings(), "run");

        assertThatThrownBy(() ->
                        run(settings("optimiser.name=nadam"), "run", Optional.of(folder.resolve("run")), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("holds the state of the optimiser adamw, the settings say nadam")
                .hasMessageNotContaining("\n");
    }

    @Test
    void a_swarm_that_stops_and_resumes_on_another_number_of_replicas_ends_with_the_same_parameters() {
        RunSettings settings = settings("wire.activations=fp32");
        RunResult whole = run(settings, "whole", Optional.empty(), new Heard());

        runAndStopAfter(3, settings, "parts");
        RunSettings smaller = settings("wire.activations=fp32", "swarm.stages=2", "swarm.replicas=1");
        RunResult second = run(smaller, "parts", Optional.of(folder.resolve("parts")), new Heard());

        assertThat(distance(parameters(second), parameters(whole))).isLessThan(1e-6);
    }

    /** In fp32, so that the cut into stages costs rounding only; in int8 as any other run. */
    @Test
    void a_swarm_within_a_subspace_ends_as_one_shard_does_resumes_and_writes() {
        RunSettings settings = settings("model.subspace=4", "wire.activations=fp32");
        RunResult swarm = run(settings, "swarm", Optional.empty(), new Heard());
        RunResult one = run(
                settings("model.subspace=4", "swarm.stages=1", "swarm.replicas=1", "swarm.trainers=1"),
                "one",
                Optional.empty(),
                new Heard());
        assertThat(distance(parameters(swarm), parameters(one))).isLessThan(1e-5);

        runAndStopAfter(3, settings, "parts");
        RunResult resumed = run(
                settings("model.subspace=4", "wire.activations=fp32", "swarm.stages=2"),
                "parts",
                Optional.of(folder.resolve("parts")),
                new Heard());
        assertThat(distance(parameters(resumed), parameters(one))).isLessThan(1e-5);
        try (TextModel model =
                new CheckpointModels("java").open(swarm.checkpoint().orElseThrow())) {
            assertThat(new TextGenerator(model, 0.8, 1).text("The ", 20)).isNotEmpty();
        }

        RunResult coarse = run(settings("model.subspace=4"), "coarse", Optional.empty(), new Heard());
        assertThat(coarse.validationLoss()).isCloseTo(swarm.validationLoss(), offset(0.05));
    }

    @Test
    void a_swarm_learns_with_four_bits_a_number_between_its_stages_also_within_a_subspace() {
        for (String subspace : List.of("model.subspace=0", "model.subspace=8")) {
            Heard exact = new Heard();
            double there = run(settings(subspace, "wire.activations=fp32"), "fp32-" + subspace, Optional.empty(), exact)
                    .validationLoss();
            Heard coarse = new Heard();
            RunResult result = run(
                    settings(subspace, "wire.activations=int4", "wire.averaging=int8"),
                    "int4-" + subspace,
                    Optional.empty(),
                    coarse);
            assertThat(result.validationLoss()).isCloseTo(there, offset(0.02));
            assertThat(result.trainLoss()).isLessThan(coarse.steps.getFirst().loss());
            assertThat(exact.steps.getLast().compressionRatio()).isLessThan(1.01);
            // With a byte for every number it would be less than 4: scales come on top.
            assertThat(coarse.steps.getLast().compressionRatio()).isGreaterThan(4);
        }
    }

    @Test
    void a_subspace_that_moves_resumes_with_the_bits_of_an_uninterrupted_run_writes_and_is_exported() {
        String[] one = {"swarm.stages=1", "swarm.replicas=1", "swarm.trainers=1", "model.subspace=4"};
        String[] moving = Stream.concat(Arrays.stream(one), Stream.of("model.subspace-refresh=2"))
                .toArray(String[]::new);
        RunResult whole = run(settings(moving), "whole", Optional.empty(), new Heard());
        runAndStopAfter(3, settings(moving), "parts");
        RunResult parts = run(settings(moving), "parts", Optional.of(folder.resolve("parts")), new Heard());
        assertThat(parts.parametersDigest()).isEqualTo(whole.parametersDigest());
        assertThat(parts.validationLoss()).isEqualTo(whole.validationLoss());

        RunResult fixed = run(settings(one), "fixed", Optional.empty(), new Heard());
        assertThat(whole.validationLoss())
                .isNotEqualTo(fixed.validationLoss())
                .isCloseTo(fixed.validationLoss(), offset(0.2));
        try (TextModel model =
                new CheckpointModels("java").open(whole.checkpoint().orElseThrow())) {
            assertThat(new TextGenerator(model, 0.8, 1).text("The ", 20)).isNotEmpty();
        }
        Path model = folder.resolve("model");
        HuggingFaceExport.write(CheckpointReader.open(whole.checkpoint().orElseThrow()), model, Dtype.F32, 1 << 30);
        RunResult ordinary = run(
                settings(
                        "model.import=" + model,
                        "wire.activations=fp32",
                        "steps=1",
                        "optimiser.learning-rate=0",
                        "optimiser.final-learning-rate=0"),
                "ordinary",
                Optional.empty(),
                new Heard());
        assertThat(ordinary.validationLoss()).isCloseTo(whole.validationLoss(), offset(1e-6));
    }

    @Test
    void a_trained_gain_behind_the_projections_is_measured_and_refused_within_a_subspace() {
        assertThatThrownBy(() -> run(
                        settings("model.subspace=4", "model.branch-gain=true"), "run", Optional.empty(), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageMatching(
                        "model.subspace is 4: of what crosses between stages a part of 0[.]\\d+ [(]relative L2, at"
                                + " most 1e-05[)] would not arrive, because with model.branch-gain = true a gain behind each"
                                + " projection takes what it adds out of the subspace; set model.branch-gain = false, or"
                                + " model.subspace = 0");
    }

    @Test
    void a_checkpoint_of_which_one_bit_has_changed_is_named_and_not_trained_on() throws IOException {
        RunResult stopped = runAndStopAfter(2, settings(), "run");
        Path model = stopped.checkpoint().orElseThrow().resolve("model.safetensors");
        try (RandomAccessFile file = new RandomAccessFile(model.toFile(), "rw")) {
            file.seek(file.length() - 100);
            int old = file.read();
            file.seek(file.length() - 100);
            file.write(old ^ 1);
        }

        assertThatThrownBy(() -> run(settings(), "run", Optional.of(folder.resolve("run")), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(model.toString());
    }

    @Test
    void a_complete_run_is_not_resumed_but_told_how_to_go_on() {
        run(settings(), "run", Optional.empty(), new Heard());

        assertThatThrownBy(() -> run(settings(), "run", Optional.of(folder.resolve("run")), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("--steps");
    }

    @Test
    void text_that_is_too_short_is_refused_by_name_before_anything_is_written() throws IOException {
        Path text = Files.writeString(folder.resolve("short.txt"), "too short\n");

        assertThatThrownBy(() -> run(settings("data=" + text), "run", Optional.empty(), new Heard()))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("short.txt");
        assertThat(folder.resolve("run")).isEmptyDirectory();
    }

    @Test
    void a_checkpoint_that_cannot_be_written_does_not_end_the_run() throws IOException {
        Heard heard = new Heard();
        Files.createDirectories(folder.resolve("run"));
        Files.writeString(folder.resolve("run/checkpoints"), "a file where the folder should be");

        RunResult result = run(settings("checkpoint.every=2"), "run", Optional.empty(), heard);

        assertThat(heard.failures).hasSize(3).allSatisfy(failure -> assertThat(failure)
                .contains("checkpoints"));
        assertThat(result.steps()).isEqualTo(6);
        assertThat(result.checkpoint()).isEmpty();
    }

    @Test
    void only_the_newest_checkpoints_are_kept() throws IOException {
        run(settings("checkpoint.every=1", "checkpoint.keep=2"), "run", Optional.empty(), new Heard());

        try (Stream<Path> kept = Files.list(folder.resolve("run/checkpoints"))) {
            assertThat(kept.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrder("step-00000005", "step-00000006");
        }
    }

    @Test
    void a_checkpoint_opens_as_a_model_that_says_what_comes_next() {
        RunResult result = run(settings(), "run", Optional.empty(), new Heard());

        try (TextModel model =
                new CheckpointModels("java").open(result.checkpoint().orElseThrow())) {
            float[] logits = model.next(new int[] {'T', 'h'});
            assertThat(logits).hasSize(256);
            assertThat(new TextGenerator(model, 0.8, 1).text("The ", 20)).isNotEmpty();
        }
    }

    private static RunSettings settings(String... more) {
        return SettingsLoader.defaultsWith(
                Stream.concat(Arrays.stream(NANO), Arrays.stream(more)).toArray(String[]::new));
    }

    private RunResult run(RunSettings settings, String name, Optional<Path> resume, RunListener listener) {
        return new LocalRuns().run(settings, directory(name), resume, listener, new StopSignal());
    }

    private RunResult runAndStopAfter(long step, RunSettings settings, String name) {
        StopSignal signal = new StopSignal();
        return new LocalRuns().run(settings, directory(name), Optional.empty(), new StopAfter(step, signal), signal);
    }

    private Path directory(String name) {
        try {
            return Files.createDirectories(folder.resolve(name));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static float[] parameters(RunResult result) {
        CheckpointReader checkpoint = CheckpointReader.open(result.checkpoint().orElseThrow());
        ModelSpec model = checkpoint.meta().model();
        ParameterLayout whole =
                ParameterLayout.of(model, StagePlan.of(model.layers(), 1).slice(0));
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.allocate(arena, whole.length());
            checkpoint.read(whole, parameters, Map.of());
            return parameters.toArray();
        }
    }

    private static double distance(float[] a, float[] b) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < a.length; i++) {
            difference += Math.pow(a[i] - (double) b[i], 2);
            norm += Math.pow(b[i], 2);
        }
        return Math.sqrt(difference / norm);
    }
}
