package io.murmuration.tensors.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.murmuration.tensors.codec.SubspaceBoundary;
import io.murmuration.tensors.compute.Backends;
import io.murmuration.tensors.compute.Floats;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.model.ParameterLayout;
import io.murmuration.tensors.model.Stage;
import io.murmuration.tensors.model.StagePlan;
import io.murmuration.tensors.model.TokenBatch;
import io.murmuration.tensors.model.Workspace;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models written by transformers 5.18 ({@code bench/huggingface.py}), with the loss it gives for some ids. */
class HuggingFaceTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String FIRST = "model-00001-of-00005.safetensors";

    @TempDir
    Path folder;

    private static JsonNode resource(String name) throws IOException {
        try (InputStream in = HuggingFaceTest.class.getResourceAsStream("/huggingface/" + name)) {
            return JSON.readTree(in);
        }
    }

    /** A copy of a model of the tests. */
    private Path model(String name) throws IOException {
        List<String> files = new ArrayList<>(List.of("config.json"));
        if (name.equals("tied")) {
            files.add("model.safetensors");
        } else {
            files.add("model.safetensors.index.json");
            for (int i = 1; i <= 5; i++) {
                files.add(FIRST.replace("00001", "0000" + i));
            }
        }
        for (String file : files) {
            try (InputStream in = HuggingFaceTest.class.getResourceAsStream("/huggingface/" + name + "/" + file)) {
                Files.write(folder.resolve(file), in.readAllBytes());
            }
        }
        return folder;
    }

    private void edit(String file, UnaryOperator<String> change) throws IOException {
        String before = Files.readString(folder.resolve(file));
        String after = change.apply(before);
        assertThat(after).isNotEqualTo(before);
        Files.writeString(folder.resolve(file), after);
    }

    private void refused(String message) {
        assertThatThrownBy(() -> HuggingFaceModel.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(message)
                .hasMessageNotContaining("\n");
    }

    private static double loss(StartingState model, ModelSpec spec, JsonNode expected) {
        int length = expected.path("ids").path(0).size() - 1;
        int[] ids = new int[2 * (length + 1)];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = expected.path("ids")
                    .path(i / (length + 1))
                    .path(i % (length + 1))
                    .intValue();
        }
        try (Stage stage = new Stage(
                        Backends.byName("java"),
                        spec,
                        StagePlan.of(spec.layers(), 1).slice(0));
                Workspace workspace = stage.newWorkspace(2)) {
            model.read(stage.layout(), stage.parameters(), Map.of());
            return stage.loss(workspace, TokenBatch.shifted(2, length, ids), Floats.empty());
        }
    }

    @Test
    void a_sharded_bf16_model_of_transformers_has_the_loss_it_has_there() throws IOException {
        HuggingFaceModel model = HuggingFaceModel.open(model("sharded"));
        assertThat(model.spec()).isEqualTo(new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6));
        JsonNode expected = resource("sharded/expected.json");
        assertThat(loss(model, model.spec(), expected))
                .isCloseTo(expected.path("loss").doubleValue(), within(2e-6));
    }

    @Test
    void a_tied_f16_model_has_its_loss_tied_and_with_a_copy_as_head() throws IOException {
        HuggingFaceModel model = HuggingFaceModel.open(model("tied"));
        assertThat(model.spec().tiedHead()).isTrue();
        JsonNode expected = resource("tied/expected.json");
        double tied = loss(model, model.spec(), expected);
        assertThat(tied).isCloseTo(expected.path("loss").doubleValue(), within(2e-6));
        assertThat(loss(model, model.spec().withTiedHead(false), expected)).isEqualTo(tied);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"model_type\": \"llama\" | \"model_type\": \"mistral\" | model_type: expected \"llama\", got \"mistral\"",
                "\"LlamaForCausalLM\" | \"LlamaModel\" | architectures: expected [\"LlamaForCausalLM\"], got [\"LlamaModel\"]",
                "\"attention_bias\": false | \"attention_bias\": true | attention_bias: expected false, got true",
                "\"mlp_bias\": false | \"mlp_bias\": true | mlp_bias: expected false, got true",
                "\"silu\" | \"gelu\" | hidden_act: expected \"silu\", got \"gelu\"",
                "\"rope_type\": \"default\" | \"rope_type\": \"llama3\" | rope_parameters: expected none, or the type default,"
                        + " got {\"rope_theta\":500000.0,\"rope_type\":\"llama3\"}",
                "\"mlp_bias\" | \"rope_scaling\": {\"type\": \"linear\"}, \"mlp_bias\" | rope_scaling: expected none, or the type"
                        + " default, got {\"type\":\"linear\"}",
                "\"mlp_bias\" | \"quantization_config\": {}, \"mlp_bias\" | quantization_config: expected none, got {}",
                "\"head_dim\": 4 | \"head_dim\": 8 | expected the shape of a Llama model: head_dim must be hidden_size /"
                        + " num_attention_heads = 4, was 8",
                "\"vocab_size\": 64 | \"vocab_size\": 6.5 | expected the shape of a Llama model: vocab_size must be a whole"
                        + " number, was 6.5",
                "\"num_key_value_heads\": 2 | \"num_key_value_heads\": 3 | expected the shape of a Llama model: kv-heads must"
                        + " divide heads, was 3 and 4"
            })
    void another_network_is_refused_with_the_key(String from, String to, String message) throws IOException {
        model("sharded");
        edit("config.json", text -> text.replace(from, to));
        refused(folder.resolve("config.json") + ": " + message);
    }

    @Test
    void tensors_that_are_missing_too_many_or_of_another_shape_are_named() throws IOException {
        model("sharded");
        String index = "model.safetensors.index.json";
        edit(index, text -> text.replace("\"model.norm.weight\"", "\"model.other.weight\""));
        assertThatThrownBy(() -> HuggingFaceModel.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageEndingWith(": model.norm.weight: expected nowhere by " + index);
        model("sharded");
        edit("config.json", text -> text.replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 3"));
        refused(folder + ": expected a tensor model.layers.2.input_layernorm.weight, there is none");
        edit("config.json", text -> text.replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1"));
        assertThatThrownBy(() -> HuggingFaceModel.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageMatching(".*safetensors: model.layers.1\\..*: is not a tensor of the model that config.json"
                        + " describes");
        model("sharded");
        edit("config.json", text -> text.replace("\"intermediate_size\": 24", "\"intermediate_size\": 20"));
        assertThatThrownBy(() -> HuggingFaceModel.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageEndingWith("model.layers.0.mlp.gate_proj.weight: expected the shape [20, 16] by config.json,"
                        + " got [24, 16]");
        model("sharded");
        Files.delete(folder.resolve(FIRST));
        assertThatThrownBy(() -> HuggingFaceModel.open(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(folder.resolve(FIRST) + ": cannot be read");
        model("sharded");
        edit(index, text -> text.replace(FIRST, "../" + FIRST));
        refused(folder.resolve(index) + ": expected names of files beside it, got \"../" + FIRST + "\"");
    }

    @Test
    void a_folder_that_is_no_model_is_named() throws IOException {
        refused(folder + ": expected a Hugging Face model with a config.json, there is none");
        model("tied");
        Files.delete(folder.resolve("model.safetensors"));
        refused(folder + ": expected model.safetensors or model.safetensors.index.json, there is neither");
    }

    @ParameterizedTest
    @CsvSource({"F32, 1073741824, 1", "BF16, 3000, 5", "F16, 7000, 2", "F32, 1, 21"})
    void an_exported_model_is_imported_again(Dtype dtype, long shardBytes, int files) throws IOException {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6);
        CheckpointReader checkpoint = checkpoint(spec, 0.125f);
        Path exported = folder.resolve("exported");
        List<Path> written = HuggingFaceExport.write(checkpoint, exported, dtype, shardBytes);
        assertThat(written)
                .filteredOn(path -> path.toString().endsWith(".safetensors"))
                .hasSize(files);
        HuggingFaceModel model = HuggingFaceModel.open(exported);
        assertThat(model.spec()).isEqualTo(spec);
        for (StagePlan.Slice slice : StagePlan.of(2, 2).slices()) {
            ParameterLayout layout = ParameterLayout.of(spec, slice);
            try (Arena arena = Arena.ofConfined()) {
                Floats got = Floats.allocate(arena, layout.length());
                model.read(layout, got, Map.of("exp_avg", Floats.allocate(arena, layout.length())));
                Floats expected = Floats.allocate(arena, layout.length());
                checkpoint.read(layout, expected, Map.of());
                // A multiple of 1/8 below 32 is exact in all formats.
                assertThat(got.toArray()).isEqualTo(expected.toArray());
            }
        }
        if (files > 1) {
            JsonNode index = JSON.readTree(
                    exported.resolve("model.safetensors.index.json").toFile());
            assertThat(index.path("metadata").path("total_size").longValue())
                    .isEqualTo(spec.parameters() * dtype.bytes());
        }
    }

    @Test
    void a_tied_model_is_exported_without_a_head() throws IOException {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6).withTiedHead(true);
        Path exported = folder.resolve("exported");
        HuggingFaceExport.write(checkpoint(spec, 0.125f), exported, Dtype.F32, 1 << 20);
        assertThat(HuggingFaceModel.open(exported).spec()).isEqualTo(spec);
        try (SafetensorsFile file = SafetensorsFile.open(exported.resolve("model.safetensors"))) {
            assertThat(file.tensors()).doesNotContainKey("lm_head.weight").hasSize(20);
        }
    }

    @Test
    void a_model_within_a_subspace_is_exported_as_the_ordinary_one_that_computes_the_same() {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6);
        CheckpointReader checkpoint = checkpoint(spec.withSubspace(3), 0.03125f);
        assertThat(checkpoint.meta().model()).isEqualTo(spec.withSubspace(3));
        Path exported = folder.resolve("exported");
        HuggingFaceExport.write(checkpoint, exported, Dtype.F32, 1 << 20);
        HuggingFaceModel ordinary = HuggingFaceModel.open(exported);
        assertThat(ordinary.spec()).isEqualTo(spec);
        double loss = loss(checkpoint, spec.withSubspace(3));
        assertThat(loss).isNotCloseTo(Math.log(64), within(1e-3));
        assertThat(loss(ordinary, spec)).isCloseTo(loss, within(1e-5));
    }

    @Test
    void what_was_trained_within_a_subspace_comes_back_from_the_ordinary_model() {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6);
        CheckpointReader checkpoint = checkpoint(spec.withSubspace(3), 0.03125f);
        HuggingFaceExport.write(checkpoint, folder.resolve("exported"), Dtype.F32, 20_000);
        HuggingFaceModel back =
                HuggingFaceModel.open(folder.resolve("exported")).within(3);
        assertThat(back.spec()).isEqualTo(spec.withSubspace(3));
        for (String name : List.of("java", "nd4j")) {
            assertThat(back.outside(Backends.byName(name)).error()).isLessThan(SubspaceBoundary.EXACT_WITHIN);
        }
        assertThat(loss(back, spec.withSubspace(3))).isCloseTo(loss(checkpoint, spec.withSubspace(3)), within(1e-5));
    }

    @Test
    void a_gain_is_multiplied_into_the_matrix_it_follows_and_leaves_the_subspace() {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6);
        CheckpointReader checkpoint = checkpoint(spec.withBranchGain(true), 0.03125f);
        assertThat(checkpoint.meta().model()).isEqualTo(spec.withBranchGain(true));
        HuggingFaceExport.write(checkpoint, folder.resolve("exported"), Dtype.F32, 1 << 20);
        HuggingFaceModel ordinary = HuggingFaceModel.open(folder.resolve("exported"));
        assertThat(ordinary.spec()).isEqualTo(spec);
        double loss = loss(checkpoint, spec.withBranchGain(true));
        assertThat(loss(ordinary, spec)).isCloseTo(loss, within(1e-5));
        // Read with gains again they are 1, for what they were is in the matrices.
        assertThat(loss(ordinary.withBranchGain(), spec.withBranchGain(true))).isCloseTo(loss, within(1e-5));

        CheckpointReader both = checkpoint(spec.withSubspace(3).withBranchGain(true), 0.25f);
        HuggingFaceExport.write(both, folder.resolve("both"), Dtype.F32, 1 << 20);
        HuggingFaceModel.Outside furthest =
                HuggingFaceModel.open(folder.resolve("both")).within(3).outside(Backends.byName("java"));
        assertThat(furthest.tensor()).contains("_proj.weight");
        assertThat(furthest.error()).isBetween(0.1, 1.0);
    }

    @Test
    void an_ordinary_model_is_not_in_a_subspace_and_a_tied_one_cannot_be() {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6);
        HuggingFaceExport.write(checkpoint(spec, 0.03125f), folder.resolve("plain"), Dtype.F32, 1 << 20);
        HuggingFaceModel plain = HuggingFaceModel.open(folder.resolve("plain"));
        assertThat(plain.within(3).outside(Backends.byName("java")).error()).isGreaterThan(0.1);
        assertThatThrownBy(() -> plain.outside(Backends.byName("java"))).isInstanceOf(IllegalStateException.class);
        HuggingFaceExport.write(
                checkpoint(spec.withTiedHead(true), 0.0625f), folder.resolve("tied"), Dtype.F32, 1 << 20);
        HuggingFaceModel tied = HuggingFaceModel.open(folder.resolve("tied"));
        assertThatThrownBy(() -> tied.within(3))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("subspace needs a head of its own");
    }

    private static double loss(StartingState model, ModelSpec spec) {
        int[] tokens = new SplittableRandom(1)
                .ints(2L * (spec.sequence() + 1), 0, spec.vocabulary())
                .toArray();
        try (Stage stage = new Stage(
                        Backends.byName("java"),
                        spec,
                        StagePlan.of(spec.layers(), 1).slice(0));
                Workspace workspace = stage.newWorkspace(2)) {
            model.read(stage.layout(), stage.parameters(), Map.of());
            return stage.loss(workspace, 2, tokens, Floats.empty());
        }
    }

    @Test
    void numbers_round_to_the_nearest_even_and_what_does_not_fit_is_refused() throws IOException {
        ModelSpec spec = new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6);
        // 1 + 3/256 lies half way between two bf16 numbers, the even one of which is 1 + 4/256.
        CheckpointReader half = checkpoint(spec, 1.01171875f);
        HuggingFaceExport.write(half, folder.resolve("half"), Dtype.BF16, 1 << 20);
        try (Arena arena = Arena.ofConfined();
                SafetensorsFile file = SafetensorsFile.open(folder.resolve("half/model.safetensors"))) {
            Floats norm = Floats.allocate(arena, 16);
            file.read("model.norm.weight", norm);
            assertThat(norm.get(1)).isEqualTo(1.015625f);
        }
        CheckpointReader large = checkpoint(spec, 40_000f);
        assertThatThrownBy(() -> HuggingFaceExport.write(large, folder.resolve("large"), Dtype.F16, 1 << 20))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("model.embed_tokens.weight: has numbers too large for F16");
        assertThat(folder.resolve("large")).doesNotExist();
        Files.createDirectories(folder.resolve("mine/own"));
        assertThatThrownBy(() -> HuggingFaceExport.write(half, folder.resolve("mine"), Dtype.F32, 1 << 20))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(folder.resolve("mine") + ": expected a new or empty folder, there is something");
    }

    @Test
    void an_export_leaves_alone_what_lies_beside_its_folder() throws IOException {
        CheckpointReader checkpoint = checkpoint(new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6), 40_000f);
        Path place = Files.createDirectories(folder.resolve("exports"));
        for (String foreign : List.of(".mine.new", ".mine.old", ".mine.gone")) {
            Files.writeString(Files.createDirectory(place.resolve(foreign)).resolve("a.txt"), "not ours");
        }
        assertThatThrownBy(() -> HuggingFaceExport.write(checkpoint, place.resolve("mine"), Dtype.F16, 1 << 20))
                .isInstanceOf(CheckpointException.class);
        assertThat(names(place)).containsExactly(".mine.gone", ".mine.new", ".mine.old");
        HuggingFaceExport.write(checkpoint, place.resolve("mine"), Dtype.F32, 1 << 20);
        assertThat(names(place)).containsExactly(".mine.gone", ".mine.new", ".mine.old", "mine");
        assertThat(Files.getPosixFilePermissions(place.resolve("mine")))
                .isEqualTo(Files.getPosixFilePermissions(place.resolve(".mine.new")));
        for (String foreign : List.of(".mine.new", ".mine.old", ".mine.gone")) {
            assertThat(place.resolve(foreign).resolve("a.txt")).hasContent("not ours");
        }
    }

    @Test
    void of_exports_to_one_folder_at_a_time_one_succeeds() throws Exception {
        CheckpointReader checkpoint = checkpoint(new ModelSpec(64, 16, 2, 4, 2, 24, 32, 500_000, 1e-6), 0.125f);
        Path place = Files.createDirectories(folder.resolve("exports"));
        Path exported = Files.createDirectory(place.resolve("same"));
        int exports = 4;
        CyclicBarrier start = new CyclicBarrier(exports);
        Callable<Boolean> export = () -> {
            start.await();
            try {
                HuggingFaceExport.write(checkpoint, exported, Dtype.F32, 1);
                return true;
            } catch (CheckpointException e) {
                assertThat(e).hasMessageStartingWith(exported + ": ");
                return false;
            }
        };
        int successes = 0;
        try (ExecutorService pool = Executors.newFixedThreadPool(exports)) {
            for (Future<Boolean> result : pool.invokeAll(Collections.nCopies(exports, export))) {
                successes += result.get() ? 1 : 0;
            }
        }
        assertThat(successes).isEqualTo(1);
        assertThat(names(place)).containsExactly("same");
        assertThat(names(exported)).hasSize(23);
        HuggingFaceModel.open(exported);
    }

    private static List<String> names(Path place) throws IOException {
        try (Stream<Path> entries = Files.list(place)) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    /** Number i of every tensor is (i modulo 7) times a unit. */
    private CheckpointReader checkpoint(ModelSpec spec, float unit) {
        Path place = folder.resolve("checkpoint-" + unit);
        ParameterLayout layout = ParameterLayout.of(spec, StagePlan.of(2, 1).slice(0));
        try (Arena arena = Arena.ofConfined()) {
            Floats parameters = Floats.allocate(arena, layout.length());
            for (ParameterLayout.Parameter parameter : layout.parameters()) {
                for (long i = 0; i < parameter.length(); i++) {
                    parameters.set(parameter.offset() + i, i % 7 * unit);
                }
            }
            CheckpointWriter.write(
                    place,
                    new CheckpointMeta(spec, 1, 1, 1, Map.of()),
                    List.of(new StageState(layout, parameters, Map.of())));
        }
        return CheckpointReader.open(place);
    }
}
