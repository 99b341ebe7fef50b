package io.murmuration.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.murmuration.cluster.config.RunSettings;
import io.murmuration.cluster.config.SettingsLoader;
import io.murmuration.cluster.config.UserError;
import io.murmuration.tensors.checkpoint.CheckpointReader;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExportTest {

    private static final int WIDTH = ModelSpec.NANO.sequence() + 1;

    @TempDir
    private Path folder;

    private byte[] text;
    private Path out;

    @BeforeEach
    void text_in_which_every_window_is_another() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int line = 0; line < 400; line++) {
            lines.append("line ").append(line * line).append(" of the text\n");
        }
        text = lines.toString().getBytes(StandardCharsets.UTF_8);
        Files.write(folder.resolve("text"), text);
        out = folder.resolve("out");
    }

    private RunSettings settings() {
        return SettingsLoader.defaultsWith(
                "data=" + folder.resolve("text"),
                "model.preset=nano",
                "batch.sequences=6",
                "batch.microbatch=2",
                "steps=3",
                "seed=7",
                "swarm.stages=3",
                "compute.backend=java",
                "validation.windows=5");
    }

    @Test
    void the_samples_are_windows_of_the_text_in_an_order_of_the_seed() throws Exception {
        RunExport.write(settings(), out);
        byte[] train = Files.readAllBytes(out.resolve(RunExport.TRAIN));
        assertThat(train).hasSize(3 * 6 * WIDTH);
        String all = new String(text, StandardCharsets.UTF_8);
        long distinct = IntStream.range(0, 18)
                .map(row -> all.indexOf(new String(train, row * WIDTH, WIDTH, StandardCharsets.UTF_8)))
                .peek(at -> assertThat(at).isNotNegative())
                .distinct()
                .count();
        assertThat(distinct).isEqualTo(18);
    }

    @Test
    void validation_holds_whole_microbatches_of_the_text_s_end() throws Exception {
        RunExport.write(settings(), out);
        byte[] validation = Files.readAllBytes(out.resolve(RunExport.VALIDATION));
        assertThat(validation).hasSize(4 * WIDTH);
        int start = new String(text, StandardCharsets.UTF_8).indexOf("line " + 380 * 380 + " ");
        assertThat(Arrays.copyOf(validation, WIDTH)).isEqualTo(Arrays.copyOfRange(text, start, start + WIDTH));
        JsonNode run = new JsonMapper().readTree(out.resolve(RunExport.RUN).toFile());
        assertThat(run.path("validationWindows").asInt()).isEqualTo(4);
        assertThat(run.path("batch").asInt()).isEqualTo(6);
        assertThat(run.path("optimiser").path("learningRate").asDouble()).isEqualTo(1e-3);
    }

    @Test
    void the_weights_are_those_every_stage_of_the_run_starts_from() {
        RunExport.write(settings(), out);
        CheckpointReader reader = CheckpointReader.open(out.resolve(RunExport.INITIAL));
        for (StagePlan.Slice slice : StagePlan.of(ModelSpec.NANO.layers(), 3).slices()) {
            try (Stage expected = new Stage(Backends.byName("java"), ModelSpec.NANO, slice);
                    Stage read = new Stage(Backends.byName("java"), ModelSpec.NANO, slice)) {
                expected.initialise(7);
                reader.read(read.layout(), read.parameters(), Map.of());
                assertThat(read.parameters().toArray())
                        .containsExactly(expected.parameters().toArray());
            }
        }
    }

    @Test
    void a_folder_with_something_in_it_is_left_alone() throws Exception {
        Files.createDirectories(out);
        Files.writeString(out.resolve("mine"), "mine");
        assertThatThrownBy(() -> RunExport.write(settings(), out))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(out.toString());
        assertThat(out.toFile().list()).containsExactly("mine");
    }
}
