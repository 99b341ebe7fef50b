package io.murmuration.cluster.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.murmuration.cluster.config.UserError;
import io.murmuration.cluster.report.Terminal;
import io.murmuration.cluster.run.RunFailed;
import io.murmuration.cluster.run.TextModel;
import io.murmuration.tensors.checkpoint.CheckpointMeta;
import io.murmuration.tensors.checkpoint.CheckpointWriter;
import io.murmuration.tensors.checkpoint.HuggingFaceModel;
import io.murmuration.tensors.checkpoint.StageState;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.data.Tokeniser;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CommandLineTest {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path dir;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private ScriptedRuns runs = new ScriptedRuns((step, stop) -> {});

    private int execute(String... arguments) {
        out.reset();
        err.reset();
        Terminal terminal = Terminal.plain(
                new PrintStream(out, true, StandardCharsets.UTF_8), new PrintStream(err, true, StandardCharsets.UTF_8));
        Surroundings surroundings = new Surroundings(
                terminal,
                Map.of("MURMURATION_OUT", dir.resolve("runs").toString()),
                Optional.of(dir),
                InstantSource.fixed(Instant.parse("2026-03-01T12:00:00Z")));
        return new Murmuration(new Parts(runs, path -> new AlwaysA(), () -> "scripted compute"), surroundings)
                .execute(arguments);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    private void assertOneLine(int code, int expected, String... parts) {
        assertThat(err())
                .contains(parts)
                .startsWith("murmuration: ")
                .endsWith("\n")
                .hasLineCount(1);
        assertThat(out()).isEmpty();
        assertThat(code).isEqualTo(expected);
    }

    /** A model that only knows the letter a. */
    private static final class AlwaysA implements TextModel {
        @Override
        public int vocabulary() {
            return 256;
        }

        @Override
        public Tokeniser tokeniser() {
            return Tokeniser.byName("bytes");
        }

        @Override
        public int sequence() {
            return 8;
        }

        @Override
        public float[] next(int[] prefix) {
            float[] logits = new float[256];
            logits['a'] = 1000;
            return logits;
        }

        @Override
        public void close() {}
    }

    @Test
    void a_run_ends_with_its_loss_a_sample_and_where_everything_is() {
        Path runDir = dir.resolve("here");

        int code = execute("train", "--steps", "30", "--out", runDir.toString());

        assertThat(code).isZero();
        assertThat(err()).isEmpty();
        assertThat(out())
                .contains(
                        "step 30/30  loss 0.033  17.9 ktok/s  wire 30.0 kB (3.9x smaller)  6 shards",
                        "2.2500 nats per byte (perplexity 9.49)",
                        "sample      The European aaaa",
                        "bin/murmuration train --resume " + runDir)
                .doesNotContain("\r", "\u001b");
        assertThat(runDir).isDirectoryContaining("glob:**/{resolved.conf}");
        assertThat(runDir.resolve("metrics.jsonl")).content().hasLineCount(1 + 30 + 1 + 1 + 1);
        assertThat(runDir.resolve("loss.png")).isNotEmptyFile();
        assertThat(runDir.resolve("run.log")).exists();
    }

    @Test
    void without_a_name_the_folder_is_called_after_run_and_time() {
        assertThat(execute("train", "--steps", "1", "--name", "flock")).isZero();
        assertThat(execute("train", "--steps", "1", "--name", "flock")).isZero();

        assertThat(children(dir.resolve("runs")))
                .hasSize(2)
                .allMatch(path -> path.getFileName().toString().matches("flock-20260301-\\d{6}(-2)?"));
    }

    @Test
    void json_is_one_object_per_step_and_a_last_one() throws IOException {
        int code = execute("train", "--json", "--steps", "3");

        List<JsonNode> objects = new ArrayList<>();
        for (String line : out().lines().toList()) {
            objects.add(MAPPER.readTree(line));
        }
        assertThat(code).isZero();
        assertThat(objects).hasSize(4);
        assertThat(objects.get(1).path("event").asText()).isEqualTo("step");
        assertThat(objects.get(1).path("step").asLong()).isEqualTo(2);
        assertThat(objects.get(1).path("loss").asDouble()).isEqualTo(0.5);
        JsonNode last = objects.getLast();
        assertThat(last.path("event").asText()).isEqualTo("finished");
        assertThat(last.path("steps").asLong()).isEqualTo(3);
        assertThat(last.path("trainLoss").asDouble()).isEqualTo(1.0 / 3);
        assertThat(last.path("validationLoss").asDouble()).isEqualTo(2.25);
        assertThat(last.path("tokensPerSecond").asDouble()).isEqualTo(17_900);
        assertThat(last.path("wireBytes").asLong()).isEqualTo(3000);
        assertThat(last.path("microbatchesCounted").asLong()).isEqualTo(24);
        assertThat(last.path("gradientAges").toString()).isEqualTo("{\"0\":72}");
        assertThat(last.path("parametersDigest").toString()).isEqualTo("{\"0\":\"aa\",\"1\":\"bb\",\"2\":\"cc\"}");
    }

    @Test
    void options_are_settings_and_set_wins() {
        execute(
                "train",
                "--steps=4",
                "--seed=9",
                "--stages=2",
                "--replicas=1",
                "--set",
                "steps=5",
                "--set=swarm.trainers=1");

        assertThat(runs.settings.orElseThrow().steps()).isEqualTo(5);
        assertThat(runs.settings.orElseThrow().seed()).isEqualTo(9);
        assertThat(runs.settings.orElseThrow().swarm().stages()).isEqualTo(2);
        assertThat(runs.settings.orElseThrow().swarm().replicas()).isEqualTo(1);
        assertThat(runs.settings.orElseThrow().swarm().trainers()).isEqualTo(1);
    }

    @Test
    void the_operators_file_counts_unless_another_is_named() throws IOException {
        Files.createDirectories(dir.resolve("config"));
        Files.writeString(dir.resolve("config/application.conf"), "murmuration { steps = 2, seed = 5 }");
        Path other = Files.writeString(dir.resolve("other.conf"), "murmuration.steps = 3");

        execute("train");
        assertThat(runs.settings.orElseThrow().steps()).isEqualTo(2);
        execute("train", "--config", other.toString());
        assertThat(runs.settings.orElseThrow().steps()).isEqualTo(3);
        assertThat(runs.settings.orElseThrow().seed()).isEqualTo(1);
    }

    @Test
    void wrong_input_is_one_line_exit_code_2_and_nothing_is_made() {
        assertOneLine(
                execute("train", "--set", "stepps=3"),
                2,
                "unknown key murmuration.stepps (--set)",
                "murmuration.steps");
        assertOneLine(execute("train", "--steps", "0"), 2, "murmuration.steps = \"0\" (--steps)", "at least 1");
        assertOneLine(execute("train", "--stages", "5"), 2, "swarm.stages is 5", "4 layers");
        assertOneLine(execute("train", "--config", "/no/such.conf"), 2, "/no/such.conf");
        assertOneLine(execute("train", "--data", "/no/such.txt"), 2, "/no/such.txt");
        assertOneLine(execute("train", "--resume", "/no/such"), 2, "/no/such is not a run directory");
        assertOneLine(execute("train", "--stpes", "3"), 2, "--stpes", "did you mean --steps", "train --help");
        assertOneLine(execute("train", "--set"), 2, "--set", "--help");
        assertOneLine(execute("generate"), 2, "--checkpoint", "generate --help");
        assertOneLine(execute("generate", "--checkpoint", "/no/such"), 2, "/no/such");
        assertOneLine(execute("trian"), 2, "trian", "did you mean train");
        assertThat(children(dir)).isEmpty();
    }

    @Test
    void an_output_folder_with_something_in_it_is_refused() throws IOException {
        Path mine = Files.writeString(dir.resolve("mine.txt"), "mine");

        assertOneLine(execute("train", "--out", dir.toString()), 2, dir + " is not empty", "--resume");
        assertOneLine(execute("train", "--out", mine.toString()), 2, "cannot write to the output folder " + mine);
        assertOneLine(
                execute("train", "--out", mine.resolve("below").toString()), 2, "cannot write to the output folder");
        assertThat(children(dir)).containsExactly(mine);
        assertThat(runs.settings).isEmpty();
    }

    @Test
    void a_run_that_cannot_start_leaves_nothing_behind() {
        runs = new ScriptedRuns((step, stop) -> {
            throw new UserError("the data is not UTF-8");
        });
        Path runDir = dir.resolve("here");

        assertOneLine(execute("train", "--out", runDir.toString()), 2, "the data is not UTF-8");
        assertThat(runDir).doesNotExist();
    }

    @Test
    void a_run_that_fails_on_the_way_says_so_and_how_to_go_on() {
        runs = new ScriptedRuns((step, stop) -> {
            if (step == 4) {
                throw new RunFailed("stage 1 lost all its shards");
            }
        });
        Path runDir = dir.resolve("here");

        int code = execute("train", "--out", runDir.toString());

        assertThat(code).isEqualTo(1);
        assertThat(err())
                .contains("murmuration: the run failed: stage 1 lost all its shards", "train --resume " + runDir)
                .hasLineCount(2);
        assertThat(runDir.resolve("metrics.jsonl")).content().hasLineCount(4);
        assertThat(runDir.resolve("loss.png")).isNotEmptyFile();
        assertThat(runDir.resolve("run.log")).content().contains("RunFailed");
    }

    @Test
    void a_fault_in_the_program_is_one_line_and_its_trace_in_the_log() {
        runs = new ScriptedRuns((step, stop) -> {
            if (step == 2) {
                throw new IllegalStateException("that should not be");
            }
        });
        Path runDir = dir.resolve("here");

        int code = execute("train", "--out", runDir.toString());

        assertThat(code).isEqualTo(1);
        assertThat(err()).contains("fault in the program", "that should not be").doesNotContain("\tat ");
        assertThat(runDir.resolve("run.log")).content().contains("\tat ");
    }

    @Test
    void the_log_of_a_run_has_a_bound() {
        org.slf4j.Logger log = org.slf4j.LoggerFactory.getLogger(CommandLineTest.class);
        String text = "x".repeat(2000);
        runs = new ScriptedRuns((step, stop) -> {
            // It is looked at a few times a second how full it is.
            for (int i = 0; i < 100; i++) {
                log.info("{}", text);
                java.util.concurrent.locks.LockSupport.parkNanos(1_000_000);
            }
        });
        Path runDir = dir.resolve("here");

        assertThat(execute("train", "--out", runDir.toString(), "--steps", "6", "--set", "limits.log-size=64 KiB"))
                .isZero();
        assertThat(runDir.resolve("run.1.log")).isNotEmptyFile();
        assertThat(runDir.resolve("run.log").toFile().length()).isLessThan(600_000);
    }

    @Test
    void a_resumed_run_keeps_its_settings_and_continues_its_metrics() throws IOException {
        Path runDir = dir.resolve("here");
        execute("train", "--out", runDir.toString(), "--steps", "6", "--seed", "7");
        runs.firstStep = 5;

        int code = execute("train", "--resume", runDir.toString(), "--steps", "8");

        assertThat(code).isZero();
        assertThat(runs.resumedFrom).contains(runDir);
        assertThat(runs.settings.orElseThrow().seed()).isEqualTo(7);
        List<Long> steps = new ArrayList<>();
        for (String line : Files.readAllLines(runDir.resolve("metrics.jsonl"))) {
            JsonNode event = MAPPER.readTree(line);
            if (event.path("event").asText().equals("step")) {
                steps.add(event.path("step").asLong());
            }
        }
        assertThat(steps).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
    }

    @Test
    void a_resumed_run_cannot_become_another_one() {
        Path runDir = dir.resolve("here");
        execute("train", "--out", runDir.toString(), "--steps", "2");

        assertOneLine(execute("train", "--resume", runDir.toString(), "--seed", "3"), 2, "seed cannot change");
        assertOneLine(
                execute("train", "--resume", runDir.toString(), "--set", "model.preset=small", "--set", "model.dim=64"),
                2,
                "model cannot change");
        assertOneLine(execute("train", "--resume", runDir.toString(), "--config", "x"), 2, "--config");
    }

    @Test
    void a_stopped_run_says_how_to_go_on() {
        runs = new ScriptedRuns((step, stop) -> {
            if (step == 3) {
                stop.request();
            }
        });
        Path runDir = dir.resolve("with space");

        int code = execute("train", "--out", runDir.toString());

        assertThat(code).isZero();
        assertThat(out())
                .contains("go on       bin/murmuration train --resume '" + runDir + "'")
                .doesNotContain("sample");
    }

    @Test
    void generate_writes_the_prompt_and_what_follows() {
        int code = execute("generate", "--checkpoint", dir.toString(), "--prompt", "b", "--max-bytes", "5");

        assertThat(code).isZero();
        assertThat(out()).isEqualTo("baaaaa" + System.lineSeparator());
    }

    @Test
    void a_dry_run_shows_what_a_run_takes_and_makes_nothing() {
        assertThat(execute("train", "--dry-run", "--set", "compute.memory=1 GiB"))
                .isZero();
        assertThat(out())
                .contains("stage 0: 233,728 parameters; 2 x (weights 0.89 MiB", "in all: 869,504 parameters")
                .contains("heap: up to ", "available: 1.00 GiB (compute.memory)")
                .hasLineCount(7);

        int code = execute("train", "--dry-run", "--set", "model.preset=llama-8b", "--set", "compute.memory=1 GiB");

        assertThat(code).isEqualTo(2);
        assertThat(out()).contains("in all: 8,030,261,248 parameters");
        assertThat(err())
                .startsWith("murmuration: the model does not fit: stage 0: ")
                .hasLineCount(1);
        assertThat(children(dir)).isEmpty();
    }

    @Test
    void a_model_that_leaves_its_subspace_is_refused_in_one_line() {
        String inside = " --set model.preset=nano --set model.subspace=4";
        assertThat(execute(("train --dry-run" + inside).split(" "))).isZero();

        for (String command : List.of("train --dry-run", "local --nodes 4")) {
            assertThat(execute((command + inside + " --set model.branch-gain=true").split(" ")))
                    .isEqualTo(2);
            assertThat(err())
                    .startsWith("murmuration: model.subspace is 4: of what crosses between stages a part of 0.")
                    .contains("at most 1e-05", "set model.branch-gain = false")
                    .hasLineCount(1);
        }
        String moving = " --set swarm.stages=1 --set swarm.replicas=1 --set model.subspace-refresh=9";
        assertThat(execute(("train --dry-run" + inside + moving).split(" "))).isZero();
        assertOneLine(
                execute(("local --nodes 4" + inside + moving).split(" ")),
                2,
                "model.subspace-refresh is 9: a subspace moves only in a run of one shard in one process");
        assertThat(children(dir)).isEmpty();
    }

    @Test
    void a_checkpoint_is_exported_in_another_format_and_in_parts() throws IOException {
        Path checkpoint = checkpoint();
        Path model = dir.resolve("model");

        int code =
                execute("export", checkpoint.toString(), model.toString(), "--dtype", "bf16", "--shard-size", "30 KiB");

        assertThat(err()).isEmpty();
        assertThat(code).isZero();
        assertThat(out().lines())
                .contains(model.resolve("config.json").toString())
                .filteredOn(line -> line.endsWith(".safetensors"))
                .hasSizeGreaterThan(2);
        assertThat(HuggingFaceModel.open(model).spec()).isEqualTo(ModelSpec.NANO);
        assertOneLine(
                execute("export", checkpoint.toString(), model.toString()), 2, model + ": expected a new or empty");
        assertOneLine(execute("export", "/no/such", "out"), 2, "there is no checkpoint /no/such");
        assertOneLine(execute("export", dir.toString(), dir.resolve("x").toString()), 2, "state.json");
        assertOneLine(execute("export", checkpoint.toString(), "x", "--shard-size", "big"), 2, "--shard-size big");
        assertOneLine(
                execute("export", checkpoint.toString(), "x", "--dtype", "int8"),
                2,
                "--dtype int8: expected f32, bf16 or f16");
    }

    private Path checkpoint() {
        Path place = dir.resolve("checkpoint");
        try (Arena arena = Arena.ofConfined()) {
            ParameterLayout layout =
                    ParameterLayout.of(ModelSpec.NANO, StagePlan.of(3, 1).slice(0));
            CheckpointWriter.write(
                    place,
                    new CheckpointMeta(ModelSpec.NANO, 1, 1, 1, Map.of()),
                    List.of(new StageState(layout, Floats.allocate(arena, layout.length()), Map.of())));
        }
        return place;
    }

    @Test
    void the_doctor_says_a_line_per_thing() {
        int code = execute("doctor");

        assertThat(out().lines()).hasSizeGreaterThanOrEqualTo(9).allMatch(line -> line.matches("(ok   |RED  ).{12}.*"));
        assertThat(out()).contains("scripted compute", "Java " + Runtime.version());
        assertThat(code).isEqualTo(out().contains("RED ") ? 1 : 0);
    }

    @Test
    void another_module_brings_a_subcommand_that_answers_like_ours() {
        assertThat(execute("brought", "hello")).isZero();
        assertThat(out()).isEqualTo("hello" + System.lineSeparator());
        assertOneLine(execute("brought", "no"), 2, "expected another word than no");
        assertOneLine(execute("brought"), 2, "word", "brought --help");
        execute("--help");
        assertThat(out()).contains("brought", "Comes from elsewhere.");
    }

    @Test
    void help_and_version_are_no_errors() {
        assertThat(execute("--help")).isZero();
        assertThat(out()).contains("train", "generate", "doctor", "bin/murmuration train");
        assertThat(execute("--version")).isZero();
        assertThat(out()).startsWith("murmuration ").contains("Java 25");
        assertThat(execute()).isZero();
        assertThat(err()).isEmpty();
    }

    private static List<Path> children(Path folder) {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
