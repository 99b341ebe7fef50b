package io.murmuration.cluster.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigResolveOptions;
import io.murmuration.actors.protocol.Role;
import io.murmuration.cluster.run.Residents;
import io.murmuration.tensors.codec.Codecs;
import io.murmuration.tensors.model.ModelSpec;
import io.murmuration.tensors.optim.AdamW;
import io.murmuration.tensors.optim.NAdam;
import io.murmuration.tensors.optim.Sgd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {

    @TempDir
    Path dir;

    @Test
    void the_defaults_are_the_main_job() {
        RunSettings settings = SettingsLoader.defaultsWith();

        assertThat(settings.model()).isEqualTo(ModelSpec.TINY);
        assertThat(settings.steps()).isEqualTo(300);
        assertThat(settings.swarm()).isEqualTo(new RunSettings.Swarm(3, 2, 2, 0, LostStageChoice.CHECKPOINT));
        assertThat(settings.batch()).isEqualTo(new RunSettings.Batch(16, 2));
        assertThat(settings.wire()).isEqualTo(new RunSettings.Wire(Codecs.byName("int8"), Codecs.byName("fp32")));
        assertThat(settings.optimiser())
                .isEqualTo(new RunSettings.Optimiser(
                        new AdamW.Settings(0.9, 0.95, 1e-8, 0.1),
                        ScheduleName.COSINE,
                        1e-3,
                        1e-4,
                        0.05,
                        new RunSettings.Decay(0.1, 0.3, 0.1),
                        1.0,
                        0));
        assertThat(settings.data().path()).isEmpty();
        assertThat(settings.data().tokeniser().name()).isEqualTo("bytes");
        assertThat(settings.limits().averagingPartBytes()).isEqualTo(512 * 1024);
        assertThat(settings.limits().deadlineFloor()).isEqualTo(Duration.ofSeconds(5));
    }

    @Test
    void every_key_says_what_it_is_and_is_read() {
        Config reference = ConfigFactory.parseResources("reference.conf")
                .withOnlyPath("murmuration")
                .resolve(ConfigResolveOptions.noSystem());
        Config rendered = ConfigFactory.parseString(SettingsLoader.of(Map.of())
                .set("node.name", "n", "test")
                .loadNode()
                .rendered());

        assertThat(SettingsLoader.KNOWN.leaves()).hasSizeGreaterThan(35).allSatisfy(key -> {
            assertThat(reference.getValue("murmuration." + key).origin().comments())
                    .as("the comment of " + key)
                    .isNotEmpty();
            assertThat(rendered.hasPath("murmuration." + key))
                    .as(key + " is read")
                    .isTrue();
        });
    }

    @Test
    void an_unknown_key_is_named_with_its_line_and_the_nearest_one() throws IOException {
        Path file = write("murmuration {\n  optimiser {\n    learning-rte = 1\n  }\n}\n");

        assertThatThrownBy(() -> SettingsLoader.of(Map.of()).file(file).load())
                .isInstanceOf(UserError.class)
                .hasMessageContaining("murmuration.optimiser.learning-rte")
                .hasMessageContaining(file + ":3")
                .hasMessageContaining("nearest known key is murmuration.optimiser.learning-rate");
    }

    @ParameterizedTest
    @CsvSource({
        "learning-rate, optimiser.learning-rate",
        "swarm.replica, swarm.replicas",
        "model.stages, swarm.stages",
        "Steps, steps"
    })
    void a_key_in_the_wrong_section_is_found_again(String wrong, String right) {
        assertThatThrownBy(() -> SettingsLoader.defaultsWith(wrong + "=1"))
                .isInstanceOf(UserError.class)
                .hasMessageEndingWith("nearest known key is murmuration." + right);
    }

    @Test
    void a_key_outside_murmuration_is_refused() throws IOException {
        Path file = write("steps = 5\n");

        assertThatThrownBy(() -> SettingsLoader.of(Map.of()).file(file))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("unknown key steps (" + file + ":1)");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "steps = 0 | murmuration.steps = 0 | a whole number of at least 1",
                "steps = many | murmuration.steps = \"many\" | a whole number",
                "steps = [1] | murmuration.steps | a whole number",
                "steps = {a = 1} | murmuration.steps | a value, not a section",
                "steps = null | murmuration.steps | has no value",
                "batch.sequences = 2.5 | murmuration.batch.sequences = 2.5 | a whole number from 1 to 1048576",
                "optimiser.beta1 = 1 | murmuration.optimiser.beta1 = 1 | a number from 0.0 to 0.999999",
                "optimiser.clip = NaN | murmuration.optimiser.clip = \"NaN\" | a number from",
                "wire.activations = int5 | murmuration.wire.activations = \"int5\" | one of fp32, fp16, bf16",
                "wire.activations = \"int4:33\" | murmuration.wire.activations = \"int4:33\" | int4: expected a block of an even length, got 33",
                "wire.activations = \"int8:0\" | murmuration.wire.activations = \"int8:0\" | expected a block of 1 to 65536 numbers, got 0",
                "wire.averaging = \"fp32:4\" | murmuration.wire.averaging = \"fp32:4\" | expected at most 0 whole numbers behind colons",
                "model.preset = huge | murmuration.model.preset = \"huge\" | one of base, llama-1b, llama-8b, nano, small, tiny",
                "model = small | murmuration.model | a section with keys such as murmuration.model.branch-gain",
                "optimiser.name = lion | murmuration.optimiser.name = \"lion\" | one of adamw, nadam, sgd",
                "optimiser.schedule = step | murmuration.optimiser.schedule | one of constant, linear, cosine, wsd",
                "optimiser.sgd.nesterov = maybe | murmuration.optimiser.sgd.nesterov = \"maybe\" | true or false",
                "optimiser.sgd = {momentum = 0, nesterov = true} | optimiser.sgd.nesterov = true | false where",
                "limits.deadline-floor = soon | murmuration.limits.deadline-floor = \"soon\" | a time from 1 ms",
                "limits.averaging-part = 1 | murmuration.limits.averaging-part = 1 | a size from 1024",
                "name = ../up | murmuration.name = \"../up\" | at most 64 letters",
            })
    void a_wrong_value_is_named_with_what_was_expected(String line, String value, String expected) throws IOException {
        Path file = write("murmuration {\n" + line + "\n}\n");

        assertThatThrownBy(() -> SettingsLoader.of(Map.of()).file(file).load())
                .isInstanceOf(UserError.class)
                .hasMessageContaining(value)
                .hasMessageContaining(file + ":2")
                .hasMessageContaining(expected)
                .hasMessageNotContaining("\n");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "swarm.stages=5 | swarm.stages is 5, but the model has 4 layers",
                "batch.microbatch=3 | batch.microbatch is 3, which does not divide batch.sequences (16)",
                "batch.microbatch=16 | swarm.trainers is 2, but a step has only 1 microbatches",
                "model.vocabulary=100 | model.vocabulary is 100, but data.tokeniser bytes has 256 token ids",
                "optimiser.final-learning-rate=0.1 | optimiser.final-learning-rate is 0.1, above",
                "limits.deadline-floor=5 minutes | limits.deadline-floor is 300000 ms, above",
                "data.tokeniser=words | murmuration.data.tokeniser = \"words\" (defaultsWith): expected one of bytes, gpt2, none",
                "data.token-bytes=3 | murmuration.data.token-bytes = \"3\" (defaultsWith): expected 0, 2 or 4",
                "model.tied-head=true | model.tied-head is true with swarm.stages = 3",
                "model.tied-head=maybe | murmuration.model.tied-head = \"maybe\" (defaultsWith): expected true or false",
                "optimiser.schedule=wsd,optimiser.wsd.cosine-end=0.05 | optimiser.wsd.cosine-end x optimiser.learning-rate is 0.05 x 0.001 = 5.0E-5, below optimiser.final-learning-rate (1.0E-4)",
                "model.dim=16384,model.sequence=32768,wire.activations=fp32 | is 1073741824, which takes 4294967330 bytes as fp32",
                "model.dim=16384,model.sequence=28000,batch.microbatch=1,wire.activations=dynamic8:1 | is 458752000, which takes 2293760038 bytes as dynamic8 (wire.activations), but what crosses between two stages is one message of at most 2147483639 bytes",
                "wire.averaging=int4:64 | wire.averaging is int4, less than 8 bits a number: what such an encoding leaves out of an average is lost",
                "wire.averaging=sign1:256 | use int8 or more there, sign1 is for wire.activations",
                "model.subspace=8,model.subspace-refresh=500 | model.subspace-refresh is 500 with swarm.stages = 3 and swarm.replicas = 2: where the subspace goes",
                "model.subspace-refresh=500 | murmuration.model: subspace-refresh must be 0, or above with a subspace, was 500 with subspace 0",
                "model.subspace=129 | murmuration.model: subspace must be 0 to dim, was 129 with dim 128",
                "model.subspace=8,model.tied-head=true,swarm.stages=1 | murmuration.model: subspace needs a head of its own",
                "model.heads=3 | murmuration.model: dim / heads must be an even whole number",
            })
    void values_that_do_not_go_together_are_refused(String assignments, String message) {
        assertThatThrownBy(() -> SettingsLoader.defaultsWith(assignments.split(",")))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void within_a_subspace_a_boundary_is_as_wide_as_that() {
        assertThat(SettingsLoader.defaultsWith(
                                "model.dim=16384",
                                "model.sequence=32768",
                                "wire.activations=int4",
                                "model.subspace=2048")
                        .model()
                        .boundaryWidth())
                .isEqualTo(2048);
        assertThatThrownBy(() -> SettingsLoader.defaultsWith(
                        "model.dim=16384", "model.sequence=65536", "wire.activations=fp32", "model.subspace=8192"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("batch.microbatch x model.sequence x model.subspace is 1073741824");
    }

    @Test
    void a_boundary_is_measured_as_it_is_encoded() {
        RunSettings settings = SettingsLoader.defaultsWith(
                "model.dim=16384", "model.sequence=32768", "batch.microbatch=1", "wire.activations=bf16");
        assertThat(settings.model().dim()).isEqualTo(16_384);
    }

    @Test
    void without_a_line_the_rate_at_the_end_of_the_cosine_means_nothing() {
        SettingsLoader.defaultsWith(
                "optimiser.schedule=wsd", "optimiser.wsd.cosine-end=0.05", "optimiser.wsd.linear=0");
    }

    @Test
    void single_keys_win_over_the_file_and_the_file_over_the_defaults() throws IOException {
        Path file = write("murmuration { steps = 7, seed = 8 }");

        RunSettings settings = SettingsLoader.of(Map.of())
                .file(file)
                .set("steps=9", "--set")
                .set("murmuration.batch.sequences=32", "--set")
                .load()
                .settings();

        assertThat(settings.steps()).isEqualTo(9);
        assertThat(settings.seed()).isEqualTo(8);
        assertThat(settings.batch().sequences()).isEqualTo(32);
        assertThat(settings.name()).isEqualTo("swarm");
    }

    @Test
    void the_parts_of_wsd_are_at_most_all_steps_and_matter_only_to_it() {
        assertThatThrownBy(() -> SettingsLoader.defaultsWith(
                        "optimiser.schedule=wsd", "optimiser.wsd.cosine=0.6", "optimiser.wsd.linear=0.4"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("are 0.05, 0.6 and 0.4 of all steps");
        assertThat(SettingsLoader.defaultsWith("optimiser.wsd.cosine=0.6", "optimiser.wsd.linear=0.4")
                        .optimiser()
                        .schedule())
                .isEqualTo(ScheduleName.COSINE);
    }

    @Test
    void each_optimiser_has_keys_of_its_own() {
        RunSettings nadam = SettingsLoader.defaultsWith(
                "optimiser.name=nadam", "optimiser.nadam.beta2=0.99", "optimiser.nadam.decoupled-decay=false");
        RunSettings sgd = SettingsLoader.defaultsWith("optimiser.name=sgd", "optimiser.sgd.nesterov=true");

        assertThat(nadam.optimiser().inner()).isEqualTo(new NAdam.Settings(0.99, 0.99, 1e-8, 0.1, 0.004, false));
        assertThat(sgd.optimiser().inner()).isEqualTo(new Sgd.Settings(0.9, true, 0.1));
    }

    @Test
    void what_corrects_for_delays_is_refused_where_there_are_none_to_correct() {
        RunSettings both = SettingsLoader.defaultsWith(
                "optimiser.name=nadam",
                "swarm.staleness=2",
                "optimiser.momentum-by-stage=true",
                "optimiser.delay-discount-steps=50");
        assertThat(both.optimiser().inner()).isEqualTo(new NAdam.Settings(0.99, 0.999, 1e-8, 0.1, 0.004, true, true));
        assertThat(both.optimiser().delayDiscountSteps()).isEqualTo(50);

        assertThatThrownBy(() -> SettingsLoader.defaultsWith("swarm.staleness=2", "optimiser.momentum-by-stage=true"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("false where optimiser.name is adamw");
        assertThatThrownBy(
                        () -> SettingsLoader.defaultsWith("optimiser.name=nadam", "optimiser.momentum-by-stage=true"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("optimiser.momentum-by-stage is true with swarm.staleness = 0");
        for (int staleness : new int[] {0, 1}) {
            assertThatThrownBy(() -> SettingsLoader.defaultsWith(
                            "swarm.staleness=" + staleness, "optimiser.delay-discount-steps=50"))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("optimiser.delay-discount-steps is 50 with swarm.staleness = " + staleness);
        }
    }

    @Test
    void a_lost_stage_cannot_come_from_neighbours_that_no_stage_has() {
        assertThat(SettingsLoader.defaultsWith("model.layers=7", "swarm.stages=4", "swarm.lost-stage=neighbours")
                        .layersOfStages())
                .containsExactly(2, 2, 2, 1);
        for (int stages : new int[] {1, 2, 3}) {
            assertThatThrownBy(() -> SettingsLoader.defaultsWith(
                            "model.layers=4", "swarm.stages=" + stages, "swarm.lost-stage=neighbours"))
                    .isInstanceOf(UserError.class)
                    .hasMessageContaining("swarm.lost-stage is neighbours with layers")
                    .hasMessageContaining("swarm.stages = " + stages);
        }
    }

    @Test
    void a_single_value_is_taken_as_it_is_written() {
        RunSettings settings = SettingsLoader.defaultsWith("data=/a b/c#d: {e}=f", "sample.prompt=\"quoted\"");

        assertThat(settings.data().path()).contains(Path.of("/a b/c#d: {e}=f"));
        assertThat(settings.sample().prompt()).isEqualTo("\"quoted\"");
    }

    @Test
    void data_is_short_for_its_path_in_a_file_too() throws IOException {
        Path plain = write("murmuration { data = here, steps = 7 }");
        assertThat(SettingsLoader.of(Map.of("MURMURATION_DATA", "/elsewhere"))
                        .file(plain)
                        .set("data.tokeniser=gpt2", "--set")
                        .load()
                        .settings()
                        .data()
                        .path())
                .contains(Path.of("here"));
        Path variable = write("murmuration.data = here\nmurmuration.data = ${?MY_DATA}\nmurmuration.steps = 7");
        assertThat(SettingsLoader.of(Map.of("MY_DATA", "/mine"))
                        .file(variable)
                        .load()
                        .settings()
                        .data()
                        .path())
                .contains(Path.of("/mine"));
        assertThat(SettingsLoader.of(Map.of())
                        .file(variable)
                        .load()
                        .settings()
                        .data()
                        .path())
                .contains(Path.of("here"));
    }

    @Test
    void a_tokeniser_with_more_ids_widens_a_preset_but_not_what_is_given() {
        assertThat(SettingsLoader.defaultsWith("data.tokeniser=gpt2").model().vocabulary())
                .isEqualTo(50_257);
        assertThat(SettingsLoader.defaultsWith("data.tokeniser=gpt2", "model.vocabulary=50304")
                        .model()
                        .vocabulary())
                .isEqualTo(50_304);
        assertThatThrownBy(() -> SettingsLoader.defaultsWith("data.tokeniser=gpt2", "model.vocabulary=50256"))
                .isInstanceOf(UserError.class)
                .hasMessage("model.vocabulary is 50256, but data.tokeniser gpt2 has 50257 token ids");
        assertThat(SettingsLoader.defaultsWith("data.tokeniser=none").model().vocabulary())
                .isEqualTo(256);
    }

    @Test
    void a_model_is_described_in_full_by_its_keys() {
        ModelSpec described = SettingsLoader.defaultsWith(
                        "model.vocabulary=32000",
                        "model.dim=5120",
                        "model.layers=40",
                        "model.heads=40",
                        "model.kv-heads=8",
                        "model.ffn=13824",
                        "model.sequence=4096",
                        "model.rope-theta=1e6",
                        "model.rms-epsilon=1e-6")
                .model();
        assertThat(described).isEqualTo(new ModelSpec(32_000, 5120, 40, 40, 8, 13_824, 4096, 1e6, 1e-6));
        assertThat(SettingsLoader.defaultsWith("model.preset=llama-8b").model()).isEqualTo(ModelSpec.LLAMA_8B);
        assertThat(SettingsLoader.defaultsWith("model.tied-head=true", "swarm.stages=1")
                        .model()
                        .tiedHead())
                .isTrue();
    }

    @Test
    void an_imported_model_describes_itself_and_is_not_needed_once_it_is_described() throws IOException {
        Path model = Files.createDirectories(dir.resolve("hf"));
        Files.writeString(
                model.resolve("config.json"),
                "{\"model_type\": \"llama\", \"vocab_size\": 300, \"hidden_size\": 16, \"intermediate_size\": 24,"
                        + " \"num_hidden_layers\": 4, \"num_attention_heads\": 4, \"num_key_value_heads\": 2,"
                        + " \"max_position_embeddings\": 2048, \"rope_theta\": 500000.0, \"rms_norm_eps\": 1e-6}");
        LoadedSettings loaded = SettingsLoader.of(Map.of())
                .set("model.import=" + model, "--set")
                .set("model.sequence=32", "--set")
                .load();
        assertThat(loaded.settings().model()).isEqualTo(new ModelSpec(300, 16, 4, 4, 2, 24, 32, 500_000, 1e-6));
        Path rendered = write(loaded.rendered());
        Files.delete(model.resolve("config.json"));
        assertThat(SettingsLoader.of(Map.of()).file(rendered).load().settings()).isEqualTo(loaded.settings());
        assertThatThrownBy(() -> SettingsLoader.defaultsWith("model.import=" + model))
                .isInstanceOf(UserError.class)
                .hasMessage("murmuration.model.import: " + model
                        + ": expected a Hugging Face model with a config.json, there is none");
    }

    @Test
    void an_assignment_without_a_value_is_refused() {
        assertThatThrownBy(() -> SettingsLoader.defaultsWith("steps"))
                .isInstanceOf(UserError.class)
                .hasMessageContaining("expected key=value");
    }

    @Test
    void the_environment_decides_where_the_defaults_ask_for_it() throws IOException {
        Map<String, String> environment = Map.of(
                "MURMURATION_OUT", "/srv/runs", "MURMURATION_THREADS", "3", "STEPS", "11", "BASH_FUNC_x%%", "() {");
        Path file = write("murmuration.steps = ${?STEPS}");

        RunSettings settings = SettingsLoader.of(environment).file(file).load().settings();

        assertThat(settings.out()).isEqualTo(Path.of("/srv/runs"));
        assertThat(settings.compute().threads()).isEqualTo(3);
        assertThat(settings.steps()).isEqualTo(11);
    }

    @Test
    void a_wrong_value_from_the_environment_says_so() {
        assertThatThrownBy(() ->
                        SettingsLoader.of(Map.of("MURMURATION_THREADS", "all")).load())
                .isInstanceOf(UserError.class)
                .hasMessageContaining("murmuration.compute.threads = \"all\" (environment)");
    }

    @Test
    void a_file_that_is_not_there_or_not_hocon_is_one_line() throws IOException {
        Path missing = dir.resolve("no.conf");
        Path broken = write("murmuration {\n steps = 5\n");

        assertThatThrownBy(() -> SettingsLoader.of(Map.of()).file(missing))
                .isInstanceOf(UserError.class)
                .hasMessage("cannot read the configuration file " + missing);
        assertThatThrownBy(() -> SettingsLoader.of(Map.of()).file(broken))
                .isInstanceOf(UserError.class)
                .hasMessageContaining(broken.toString())
                .hasMessageNotContaining("\n");
    }

    @Test
    void the_rendered_settings_read_back_are_the_same() throws IOException {
        LoadedSettings loaded = SettingsLoader.of(Map.of("MURMURATION_OUT", "o u t"))
                .set("model.preset=small", "--set")
                .set("model.kv-heads=3", "--set")
                .set("limits.averaging-part=3 MiB", "--set")
                .set("limits.deadline-floor=1500ms", "--set")
                .set("optimiser.learning-rate=3e-4", "--set")
                .set("optimiser.name=nadam", "--set")
                .set("optimiser.schedule=wsd", "--set")
                .set("optimiser.wsd.cosine-end=0.5", "--set")
                .set("sample.prompt=\"a\\n${x}", "--set")
                .set("name=123", "--set")
                .load();
        Path file = write(loaded.rendered());

        LoadedSettings again = SettingsLoader.of(Map.of()).file(file).load();

        assertThat(again.settings()).isEqualTo(loaded.settings());
        assertThat(again.rendered()).isEqualTo(loaded.rendered());
    }

    private Path write(String text) throws IOException {
        return Files.writeString(dir.resolve("some.conf"), text);
    }

    @Test
    void the_role_verifier_is_taken_and_hosts_nobody() {
        NodeSettings node = SettingsLoader.of(Map.of())
                .set("node.name", "n", "test")
                .set("node.roles", "verifier,shard", "test")
                .loadNode()
                .node();
        assertThat(node.verifies()).isTrue();
        assertThat(Residents.hosted(node.roles())).containsExactly(Role.SHARD);
        assertThat(Residents.hosted(List.of(Role.VERIFIER))).isEmpty();
    }

    @Test
    void a_node_runs_one_shard_unless_told_otherwise() {
        SettingsLoader loader = SettingsLoader.of(Map.of()).set("node.name", "n", "test");
        assertThat(loader.loadNode().node().shards()).hasValue(1);
        assertThat(loader.set("node.shards=3", "--set").loadNode().node().shards())
                .hasValue(3);
        assertThat(loader.set("node.shards=auto", "--set").loadNode().node().shards())
                .isEmpty();
        assertThat(loader.set("node.shards=auto", "--set").loadNode().rendered())
                .contains("shards=auto");
        assertThat(SettingsLoader.of(Map.of()).set("node.shards=3", "--set").loadShards())
                .as("of nodes that have no name yet")
                .hasValue(3);
        for (String wrong : List.of("0", "17", "2.5", "many", "99999999999")) {
            assertThatThrownBy(() -> loader.set("node.shards=" + wrong, "--set").loadNode())
                    .isInstanceOf(UserError.class)
                    .hasMessage("murmuration.node.shards = \"" + wrong
                            + "\" (--set): expected a whole number from 1 to 16, or auto");
        }
    }
}
