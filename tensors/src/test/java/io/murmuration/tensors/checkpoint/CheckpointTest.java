package io.murmuration.tensors.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.StagePlan;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {

    private static final ModelSpec MODEL = ModelSpec.NANO;

    @TempDir
    Path folder;

    private final Arena arena = Arena.ofConfined();

    @AfterEach
    void free() {
        arena.close();
    }

    @Test
    void three_stages_are_restored_on_one_and_one_on_two() {
        Path three = folder.resolve("three");
        Path one = folder.resolve("one");
        CheckpointWriter.write(three, meta(7), stages(3, 1));
        StageState whole = empty(1).getFirst();
        CheckpointReader reader = CheckpointReader.open(three);
        assertThat(reader.meta()).isEqualTo(meta(7));
        reader.read(whole.layout(), whole.parameters(), whole.optimiser());
        CheckpointWriter.write(one, meta(7), List.of(whole));
        List<StageState> two = empty(2);
        two.forEach(stage -> CheckpointReader.open(one).read(stage.layout(), stage.parameters(), stage.optimiser()));
        List<StageState> want = stages(2, 1);
        for (int i = 0; i < 2; i++) {
            assertSame(two.get(i).parameters(), want.get(i).parameters());
            for (String vector : want.get(i).optimiser().keySet()) {
                assertSame(
                        two.get(i).optimiser().get(vector),
                        want.get(i).optimiser().get(vector));
            }
        }
    }

    @Test
    void the_files_do_not_depend_on_the_cut_in_stages() throws IOException {
        for (int stages = 1; stages <= 3; stages++) {
            CheckpointWriter.write(folder.resolve("cut" + stages), meta(1), stages(stages, 4));
        }
        for (String file : List.of("model.safetensors", "optimizer.safetensors", "config.json", "state.json")) {
            Path first = folder.resolve("cut1").resolve(file);
            assertThat(Files.mismatch(first, folder.resolve("cut2").resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
            assertThat(Files.mismatch(first, folder.resolve("cut3").resolve(file)))
                    .as(file)
                    .isEqualTo(-1);
        }
    }

    @Test
    void the_folder_is_what_hugging_face_transformers_loads() throws IOException {
        CheckpointWriter.write(folder.resolve("hf"), meta(1), stages(2, 1));
        JsonNode config =
                new JsonMapper().readTree(folder.resolve("hf/config.json").toFile());
        assertThat(config.path("architectures").path(0).asText()).isEqualTo("LlamaForCausalLM");
        assertThat(config.path("vocab_size").intValue()).isEqualTo(256);
        assertThat(config.path("hidden_size").intValue()).isEqualTo(MODEL.dim());
        assertThat(config.path("tie_word_embeddings").isBoolean()).isTrue();
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("hf/model.safetensors"))) {
            assertThat(file.tensors()).hasSize(3 + 9 * MODEL.layers());
            assertThat(file.tensor("model.layers.2.mlp.down_proj.weight").shape())
                    .containsExactly((long) MODEL.dim(), (long) MODEL.ffn());
            assertThat(file.tensor("lm_head.weight").shape()).containsExactly(256L, (long) MODEL.dim());
        }
        try (SafetensorsFile file = SafetensorsFile.open(folder.resolve("hf/optimizer.safetensors"))) {
            assertThat(file.tensors().keySet())
                    .contains("exp_avg.lm_head.weight", "exp_avg_sq.model.layers.0.self_attn.q_proj.weight");
        }
    }

    @Test
    void a_flipped_bit_or_a_missing_end_in_any_file_is_found_and_the_file_is_named() throws IOException {
        Path checkpoint = folder.resolve("c");
        CheckpointWriter.write(checkpoint, meta(5), stages(1, 1));
        for (String name : List.of("model.safetensors", "optimizer.safetensors", "config.json", "state.json")) {
            Path file = checkpoint.resolve(name);
            byte[] good = Files.readAllBytes(file);
            for (int part = 0; part < 8; part++) {
                byte[] flipped = good.clone();
                flipped[(int) ((long) (good.length - 2) * part / 7)] ^= 4;
                Files.write(file, flipped);
                refused(checkpoint, file);
            }
            Files.write(file, Arrays.copyOf(good, good.length / 2));
            refused(checkpoint, file);
            Files.write(file, new byte[0]);
            refused(checkpoint, file);
            Files.delete(file);
            assertThatThrownBy(() -> CheckpointReader.open(checkpoint))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining(name);
            Files.write(file, good);
        }
        assertThat(CheckpointReader.open(checkpoint).meta().step()).isEqualTo(5);
    }

    private static void refused(Path checkpoint, Path file) {
        assertThatThrownBy(() -> CheckpointReader.open(checkpoint))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": ");
    }

    @Test
    void a_write_that_fails_half_way_leaves_the_old_checkpoint_and_nothing_else() throws IOException {
        Path checkpoint = folder.resolve("c");
        CheckpointWriter.write(checkpoint, meta(5), stages(1, 1));
        List<StageState> failing = new ArrayList<>(stages(2, 9));
        try (Arena shortLived = Arena.ofConfined()) {
            failing.set(1, stages(shortLived, 2, 9).get(1));
        }
        assertThatThrownBy(() -> CheckpointWriter.write(checkpoint, meta(6), failing))
                .isInstanceOf(IllegalStateException.class);
        assertThat(content()).containsExactly("c");
        assertThat(CheckpointReader.open(checkpoint).meta()).isEqualTo(meta(5));
        StageState restored = empty(1).getFirst();
        CheckpointReader.open(checkpoint).read(restored.layout(), restored.parameters(), restored.optimiser());
        assertSame(restored.parameters(), stages(1, 1).getFirst().parameters());
    }

    @Test
    void a_place_that_cannot_be_written_to_is_named() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        assertThatThrownBy(() -> new CheckpointStore(file, 2).write(meta(1), stages(1, 1)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file.resolve("checkpoints/step-00000001") + ": cannot be written");
        assertThat(content()).containsExactly("file");
    }

    @Test
    void a_checkpoint_of_the_same_step_is_replaced() {
        CheckpointStore store = new CheckpointStore(folder, 3);
        store.write(meta(3), stages(1, 1));
        Path again = store.write(meta(3), stages(1, 2));
        StageState restored = empty(1).getFirst();
        CheckpointReader.open(again).read(restored.layout(), restored.parameters(), Map.of());
        assertSame(restored.parameters(), stages(1, 2).getFirst().parameters());
        assertThat(store.all()).containsExactly(again);
    }

    @Test
    void only_the_newest_are_kept_but_never_is_the_one_just_written_lost() {
        CheckpointStore store = new CheckpointStore(folder, 2);
        assertThat(store.latest()).isEmpty();
        for (long step : new long[] {100, 200, 300}) {
            store.write(meta(step), stages(1, step));
        }
        Path checkpoints = folder.resolve("checkpoints");
        assertThat(store.all())
                .containsExactly(checkpoints.resolve("step-00000200"), checkpoints.resolve("step-00000300"));
        Path earlier = store.write(meta(150), stages(1, 1));
        assertThat(earlier).exists();
        assertThat(store.latest()).isEqualTo(Optional.of(checkpoints.resolve("step-00000300")));
    }

    @Test
    void what_a_crash_left_is_put_right() throws IOException {
        CheckpointStore store = new CheckpointStore(folder, 2);
        Path written = store.write(meta(4), stages(1, 1));
        // Between the two renames of a replacement: the old one hidden, the new one not yet in place.
        Files.move(written, written.resolveSibling(".step-00000004.old"));
        Files.createDirectory(written.resolveSibling(".step-00000004.new"));
        Files.createDirectory(written.resolveSibling(".step-00000002.gone"));
        assertThat(store.latest()).isEqualTo(Optional.of(written));
        assertThat(CheckpointReader.open(written).meta()).isEqualTo(meta(4));
        try (Stream<Path> left = Files.list(written.getParent())) {
            assertThat(left).containsExactly(written);
        }
    }

    @Test
    void stages_that_do_not_make_up_the_model_are_refused() {
        List<StageState> three = stages(3, 1);
        assertThatThrownBy(() -> CheckpointWriter.write(folder.resolve("c"), meta(1), three.subList(0, 2)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected the stages to hold model.layers.2");
        assertThatThrownBy(() -> CheckpointWriter.write(
                        folder.resolve("c"), meta(1), List.of(three.get(0), three.get(1), three.get(2), three.get(1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is in two");
    }

    @Test
    void a_folder_that_is_no_checkpoint_is_named() {
        assertThatThrownBy(() -> CheckpointReader.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(folder + ": expected a checkpoint with a state.json, there is none");
    }

    @Test
    void an_optimiser_that_was_not_written_is_missed_by_name() {
        StageState whole = stages(1, 1).getFirst();
        StageState bare = new StageState(whole.layout(), whole.parameters(), Map.of());
        CheckpointWriter.write(folder.resolve("c"), meta(1), List.of(bare));
        CheckpointReader reader = CheckpointReader.open(folder.resolve("c"));
        assertThat(reader.withOptimiser()).isFalse();
        assertThatThrownBy(() -> reader.read(whole.layout(), whole.parameters(), whole.optimiser()))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("optimizer.safetensors");
    }

    private List<String> content() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private static CheckpointMeta meta(long step) {
        return new CheckpointMeta(MODEL, step, step * 16, -42, Map.of("run.name", "ä \"quoted\"", "codec", "int8"));
    }

    /** Every number follows from its tensor's name and place, so the cut in stages does not change it. */
    private List<StageState> stages(int count, long salt) {
        return stages(arena, count, salt);
    }

    private static List<StageState> stages(Arena arena, int count, long salt) {
        List<StageState> stages = empty(arena, count);
        for (StageState stage : stages) {
            fill(stage.layout(), stage.parameters(), salt);
            stage.optimiser().forEach((name, vector) -> fill(stage.layout(), vector, salt + name.hashCode()));
        }
        return stages;
    }

    private List<StageState> empty(int count) {
        return empty(arena, count);
    }

    private static List<StageState> empty(Arena arena, int count) {
        List<StageState> stages = new ArrayList<>();
        for (StagePlan.Slice slice : StagePlan.of(MODEL.layers(), count).slices()) {
            ParameterLayout layout = ParameterLayout.of(MODEL, slice);
            Map<String, Floats> optimiser = new LinkedHashMap<>();
            optimiser.put("exp_avg", Floats.allocate(arena, layout.length()));
            optimiser.put("exp_avg_sq", Floats.allocate(arena, layout.length()));
            stages.add(new StageState(layout, Floats.allocate(arena, layout.length()), optimiser));
        }
        return stages;
    }

    private static void fill(ParameterLayout layout, Floats vector, long salt) {
        for (ParameterLayout.Parameter parameter : layout.parameters()) {
            for (long i = 0; i < parameter.length(); i++) {
                vector.set(parameter.offset() + i, (parameter.name().hashCode() % 1000) + i * 0.01f + salt);
            }
        }
    }

    private static void assertSame(Floats got, Floats want) {
        assertThat(got.segment().mismatch(want.segment())).isEqualTo(-1);
    }
}
